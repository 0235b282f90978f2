"""Reading a tokenizer without knowing which one it is."""

from collections.abc import Callable
from os import PathLike

from minibig.tokenizers.byte_level_bpe import ByteLevelBPE
from minibig.tokenizers.characters import Characters
from minibig.tokenizers.files import read_settings
from minibig.tokenizers.protocol import Tokenizer

_LOADERS: dict[str, Callable[[str | PathLike[str]], Tokenizer]] = {
    "characters": Characters.load,
    "byte_level_bpe": ByteLevelBPE.load,
}


def load_tokenizer(folder: str | PathLike[str]) -> Tokenizer:
    """The tokenizer that was saved to the folder, whichever kind it is.

    Raises:  InputError if the folder does not exist, holds no tokenizer, or a file in it cannot be
             right.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Characters.train("abc").save(folder)
    ...     load_tokenizer(folder).encode("cab")
    [2, 0, 1]
    """
    kind = read_settings(folder, kinds=tuple(_LOADERS))["kind"]
    return _LOADERS[kind](folder)

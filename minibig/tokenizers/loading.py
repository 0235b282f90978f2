"""Reading a tokenizer without knowing which one it is, and where in a folder it lies."""

import os
from collections.abc import Callable
from os import PathLike
from pathlib import Path

from minibig.backend.checks import path
from minibig.backend.errors import InputError
from minibig.tokenizers.byte_level_bpe import ByteLevelBPE
from minibig.tokenizers.characters import Characters
from minibig.tokenizers.files import SETTINGS_FILE, read_settings
from minibig.tokenizers.protocol import Tokenizer

_LOADERS: dict[str, Callable[[str | PathLike[str]], Tokenizer]] = {
    "characters": Characters.load,
    "byte_level_bpe": ByteLevelBPE.load,
}
_PUBLISHED = (("vocab.json", "merges.txt"), ("encoder.json", "vocab.bpe"))  # of GPT-2


def load_tokenizer(folder: str | PathLike[str]) -> Tokenizer:
    """The tokenizer of a folder, whichever kind it is: saved there, or published in GPT-2's files.

    The folder may also be that of a run, or of a model of one: their tokenizer lies in the folder
    `tokenizer` within it, or beside it.

    Raises:  InputError if the folder does not exist, has no tokenizer, or a file of it cannot be
             right.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as run:
    ...     Characters.train("abc").save(Path(run, "tokenizer"))
    ...     load_tokenizer(run).encode("cab")
    [2, 0, 1]
    """
    folder = path("folder", folder)
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder. Give the folder of a tokenizer or of a run.")
    for place in _places(folder):
        if os.path.lexists(place / SETTINGS_FILE):
            kind = read_settings(place, kinds=tuple(_LOADERS))["kind"]
            return _LOADERS[kind](place)
        for vocabulary, merges in _PUBLISHED:
            if os.path.lexists(place / vocabulary) and os.path.lexists(place / merges):
                return ByteLevelBPE.from_files(place / vocabulary, place / merges)
    raise InputError(
        f"{folder} has no tokenizer: neither {SETTINGS_FILE} nor vocab.json with merges.txt is "
        "there. Copy the model's tokenizer into the folder, or give the one that has it."
    )


def _places(folder: Path) -> list[Path]:
    """Where the tokenizer of a folder may lie; the first place that has one counts."""
    places = [folder, folder / "tokenizer"]
    if (folder / "run.json").exists():
        places.reverse()
    if (folder / "config.json").exists():  # a model: in a run its tokenizer lies beside it
        places.append(folder.resolve().parent / "tokenizer")
    return places

"""Text to token ids and back: characters, and byte-level byte pair encoding.

Read in this order: protocol, inputs, files, characters, byte_level_bpe, loading, streaming,
display.
"""

from typing import TYPE_CHECKING

from minibig.other_names import hints as _hints
from minibig.tokenizers.byte_level_bpe import ByteLevelBPE
from minibig.tokenizers.characters import Characters
from minibig.tokenizers.display import visible
from minibig.tokenizers.inputs import read_ids
from minibig.tokenizers.loading import load_tokenizer
from minibig.tokenizers.protocol import Tokenizer
from minibig.tokenizers.streaming import StreamDecoder, StreamEncoder, encode_stream

__all__ = [
    "ByteLevelBPE",
    "Characters",
    "StreamDecoder",
    "StreamEncoder",
    "Tokenizer",
    "encode_stream",
    "load_tokenizer",
    "read_ids",
    "visible",
]

if not TYPE_CHECKING:  # a type checker knows what there is
    __getattr__ = _hints(__name__, __all__)

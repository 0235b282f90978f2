"""Text to token ids and back: characters, and byte-level byte pair encoding.

Reading order: protocol, characters, pretokenization, pair_merging, bpe_training, byte_level_bpe,
streaming.
"""

from minibig.tokenizers.byte_level_bpe import ByteLevelBPE
from minibig.tokenizers.characters import Characters
from minibig.tokenizers.display import visible
from minibig.tokenizers.loading import load_tokenizer
from minibig.tokenizers.protocol import Tokenizer
from minibig.tokenizers.streaming import StreamDecoder

__all__ = ["ByteLevelBPE", "Characters", "StreamDecoder", "Tokenizer", "load_tokenizer", "visible"]

"""Byte-level byte pair encoding, trained here, in GPT-2's files.

Read in this order: byte_symbols, pretokenization, token_row, pair_merging, training, vocabulary,
compiled_merging, pre_token_ids, files, tokenizer.
"""

from minibig.tokenizers.byte_level_bpe.tokenizer import END_OF_TEXT, ByteLevelBPE

__all__ = ["END_OF_TEXT", "ByteLevelBPE"]

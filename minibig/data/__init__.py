"""Text becomes batches: corpora of documents, tokens in memory or on disk, and their order.

Read `dialogues.py` (who speaks), `grammar.py` and the folder `world/` (a small world
whose entropy is known), `columns.py` (tables), `corpora.py` (where text comes from), `tokens.py`
(ids in a row), `token_files.py` (the same on disk), `epoch_order.py` (a shuffle that needs no
room), `batches.py` (what a model is fed).
"""

from minibig.data.batches import Batches, evaluation_batches
from minibig.data.columns import column_texts
from minibig.data.corpora import (
    CORPORA,
    DOCUMENT_SEPARATOR,
    Piece,
    load_documents,
    stdlib_docstrings,
    stdlib_documents,
    stdlib_source,
    stdlib_topics,
    text_documents,
)
from minibig.data.dialogues import (
    DIALOGUE_TOKENS,
    Turn,
    dialogue_ids,
    dialogue_tokens,
    prompt_ids,
    speaks_dialogue,
)
from minibig.data.epoch_order import random_words
from minibig.data.token_files import TokenFile, write_tokens
from minibig.data.tokens import Tokens, token_array
from minibig.data.world import World, world_documents

__all__ = [
    "CORPORA",
    "DIALOGUE_TOKENS",
    "DOCUMENT_SEPARATOR",
    "Batches",
    "Piece",
    "TokenFile",
    "Tokens",
    "Turn",
    "World",
    "column_texts",
    "dialogue_ids",
    "dialogue_tokens",
    "evaluation_batches",
    "load_documents",
    "prompt_ids",
    "random_words",
    "speaks_dialogue",
    "stdlib_docstrings",
    "stdlib_documents",
    "stdlib_source",
    "stdlib_topics",
    "text_documents",
    "token_array",
    "world_documents",
    "write_tokens",
]

"""Text becomes batches: corpora of documents, tokens in memory or on disk, and their order.

Read in this order: grammar and world (a small world whose entropy is known), columns (tables),
corpora (where text comes from), tokens (ids in a row), token_files (the same on disk), epoch_order
(a shuffle that needs no memory), batches (what a model is fed).
"""

from minibig.data.batches import Batch, Batches, evaluation_batches
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
from minibig.data.epoch_order import random_words
from minibig.data.token_files import TokenFile, write_tokens
from minibig.data.tokens import Tokens, token_array
from minibig.data.world import Turn, World, world_documents

__all__ = [
    "CORPORA",
    "DOCUMENT_SEPARATOR",
    "Batch",
    "Batches",
    "Piece",
    "TokenFile",
    "Tokens",
    "Turn",
    "World",
    "column_texts",
    "evaluation_batches",
    "load_documents",
    "random_words",
    "stdlib_docstrings",
    "stdlib_documents",
    "stdlib_source",
    "stdlib_topics",
    "text_documents",
    "token_array",
    "world_documents",
    "write_tokens",
]

"""Text becomes batches: corpora of documents, tokens in memory or on disk, and their order.

Read in this order: world (a small world whose entropy is known), documents (text in pieces),
columns and text_files (the user's own text), standard_library, corpora (text by its name), texts
(the text of a run in two parts), tokens (ids in a row), token_files (the same on disk), epoch_order
(a shuffle that needs no memory), batches (what a model is fed).
"""

from typing import TYPE_CHECKING

from minibig.contents import contents as _contents

if TYPE_CHECKING:  # each name comes from its module when it is first asked for
    from minibig.data.batches import Batch, Batches, evaluation_batches
    from minibig.data.columns import column_texts
    from minibig.data.corpora import CORPORA, document_sources, load_documents
    from minibig.data.documents import DOCUMENT_SEPARATOR, Piece, TextHash
    from minibig.data.epoch_order import random_words
    from minibig.data.standard_library import stdlib_documents
    from minibig.data.texts import Text
    from minibig.data.token_files import TokenFile, TokenWriter, write_token_parts, write_tokens
    from minibig.data.tokens import Tokens, token_array
    from minibig.data.world import Turn, World, world_documents
else:
    __getattr__ = _contents(__name__, __file__)

__all__ = [
    "CORPORA",
    "DOCUMENT_SEPARATOR",
    "Batch",
    "Batches",
    "Piece",
    "Text",
    "TextHash",
    "TokenFile",
    "TokenWriter",
    "Tokens",
    "Turn",
    "World",
    "column_texts",
    "document_sources",
    "evaluation_batches",
    "load_documents",
    "random_words",
    "stdlib_documents",
    "token_array",
    "world_documents",
    "write_token_parts",
    "write_tokens",
]

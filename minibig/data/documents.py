"""Documents in pieces: how a corpus is passed on, cut at separators, and recognised by its hash.

A corpus is an iterator of pieces `(document index, text)`. The pieces of one document follow each
other and joined they are its text; a document is cut into several only where a file is long, so a
gigabyte in a single line streams in a few hundred kilobytes of memory. Any list of strings is a
corpus of whole documents through `enumerate`.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from typing import TypeAlias

from minibig.backend.checks import refusal
from minibig.backend.errors import InputError

Piece: TypeAlias = tuple[int, str]

DOCUMENT_SEPARATOR = "<|endoftext|>"

# A line end right after the separator belongs to it. At the end of what has been read so far the
# next character is not known yet, so there the separator waits.
_SEPARATOR = re.compile(re.escape(DOCUMENT_SEPARATOR) + r"(?:\n|(?!\Z))")
_MARK = b"\xff"  # never occurs in UTF-8: between documents it stands for their boundary


def split_documents(texts: Iterable[str]) -> Iterator[Piece]:
    """Cut a stream of text at the separators of documents, wherever the stream is cut itself.

    Documents without any text are left out.

    >>> list(split_documents(["A cat.<|endof", "text|>\\nA dog."]))
    [(0, 'A cat.'), (1, 'A dog.')]
    """
    index, begun, held = 0, False, ""
    for text in texts:
        *ended, rest = _SEPARATOR.split(held + text)
        for piece in ended:
            if piece:
                yield index, piece
            index += bool(piece) or begun
            begun = False
        # The last characters may be the beginning of a separator.
        ready, held = rest[: -len(DOCUMENT_SEPARATOR)], rest[-len(DOCUMENT_SEPARATOR) :]
        if ready:
            yield index, ready
            begun = True
    if held := held.removesuffix(DOCUMENT_SEPARATOR):
        yield index, held


class DocumentNumbers:
    """Numbers for documents, from 0 on, whatever numbers they have in their sources."""

    def __init__(self) -> None:
        self._number, self._latest = -1, (-1, -1)

    def of(self, source: int, document: int) -> int:
        """The number of a document: that of the latest one, or the next."""
        self._number += self._latest != (source, document)
        self._latest = source, document
        return self._number


def renumbered(corpora: Iterable[Iterable[Piece]]) -> Iterator[Piece]:
    """The documents of several corpora, one after the other, numbered on from 0.

    >>> list(renumbered([[(0, "a"), (1, "b")], [], [(3, "c")]]))
    [(0, 'a'), (1, 'b'), (2, 'c')]
    """
    numbers = DocumentNumbers()
    for source, pieces in enumerate(corpora):
        for document, text in pieces:
            yield numbers.of(source, document), text


def not_empty(name: object, pieces: Iterator[Piece]) -> Iterator[Piece]:
    """The pieces of a corpus with this name, of which there must be one."""
    first = next(pieces, None)
    if first is None:
        raise empty(name)
    yield first
    yield from pieces


def empty(name: object) -> InputError:
    """The error for a corpus without any text."""
    return InputError(f"{name} is empty: a text of at least one character is needed.")


def check_piece(piece: Piece, document: int) -> Piece:
    """The piece, if it belongs to document number `document` or begins the next one."""
    if not (isinstance(piece, tuple) and len(piece) == 2 and isinstance(piece[1], str)):
        raise refusal("pieces", "pairs (document index, text), as enumerate(texts) gives", piece)
    if piece[0] not in (max(document, 0), document + 1):
        raise InputError(
            f"documents must be numbered 0, 1, 2, ... in order; got {piece[0]} after {document}."
        )
    return piece


class TextHash:
    """The SHA-256 of a text in documents, and its length: the same for the same documents.

    >>> found = TextHash()
    >>> for piece in [(0, "a"), (0, "b"), (1, "ç")]:
    ...     found.add(*piece)
    >>> found.characters, found.bytes, found.hexdigest()[:8]
    (3, 4, 'c8c81c8e')
    """

    def __init__(self) -> None:
        self.characters = self.bytes = 0
        self._document = 0
        self._digest = hashlib.sha256()

    def add(self, document: int, text: str) -> None:
        """Go on with a piece of a document."""
        encoded = text.encode("utf-8", "surrogatepass")
        self._digest.update(_MARK * (document - self._document) + encoded)
        self._document = document
        self.characters += len(text)
        self.bytes += len(encoded)

    def hexdigest(self, *, closed: bool = False) -> str:
        """The hash so far; `closed` if the last document is known to have ended."""
        digest = self._digest.copy()
        digest.update(_MARK * closed)
        return digest.hexdigest()

"""The text of a run: read as often as needed, cut into training and validation, and recognised.

The first part of the characters is for training, the rest for validation; the cut may go through a
document, as in nanoGPT's runs. Files are streamed anew each time; the corpora that are computed,
such as "stdlib", are kept in memory.
"""

import hashlib
from collections.abc import Iterator
from functools import cached_property

from minibig.backend import InputError
from minibig.data import CORPORA, Piece, World, load_documents


class Corpus:
    """A corpus by its name or path, with its length and its hash.

    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "a.txt")
    ...     _ = path.write_text("abcdefghij")
    ...     corpus = Corpus(str(path), validation_fraction=0.2)
    ...     list(corpus.training()), list(corpus.validation())
    ([(0, 'abcdefgh')], [(0, 'ij')])
    """

    def __init__(
        self, name: str, *, validation_fraction: float = 0.0, errors: str = "strict"
    ) -> None:
        if not 0 <= validation_fraction < 1:
            raise InputError(
                f"validation_fraction must lie between 0 and 1; got {validation_fraction}."
            )
        self.name, self.errors = name, errors
        self.validation_fraction = validation_fraction

    def pieces(self) -> Iterator[Piece]:
        """The text from its beginning, as (document index, text)."""
        return iter(self._computed or load_documents(self.name, errors=self.errors))

    def training(self) -> Iterator[Piece]:
        """The first part."""
        return self._part(0, self.training_characters)

    def validation(self) -> Iterator[Piece]:
        """The rest."""
        return self._part(self.training_characters, self.characters)

    @property
    def characters(self) -> int:
        """How many characters there are."""
        return self._measured[0]

    @property
    def sha256(self) -> str:
        """The hash of the text and of where its documents end."""
        return self._measured[1]

    @property
    def entropy(self) -> float | None:
        """The entropy of the text's source in nats per byte, where it is known exactly."""
        return World().entropy() if self.name == "world" else None

    @property
    def training_characters(self) -> int:
        """How many of them are for training."""
        return int(self.characters * (1 - self.validation_fraction))

    @cached_property
    def _computed(self) -> list[Piece]:
        return list(load_documents(self.name)) if self.name in CORPORA else []

    @cached_property
    def _measured(self) -> tuple[int, str]:
        characters, document, digest = 0, 0, hashlib.sha256()
        for index, text in self.pieces():
            # 0xFF never occurs in UTF-8, so it can mark where a document ends.
            digest.update(b"\xff" * (index - document) + text.encode("utf-8", "surrogatepass"))
            characters, document = characters + len(text), index
        return characters, digest.hexdigest()

    def _part(self, start: int, stop: int) -> Iterator[Piece]:
        """The characters from `start` to `stop`; its documents are numbered from 0."""
        position, first = 0, None
        for index, text in self.pieces():
            if position >= stop:
                return
            if piece := text[max(0, start - position) : stop - position]:
                first = index if first is None else first
                yield index - first, piece
            position += len(text)

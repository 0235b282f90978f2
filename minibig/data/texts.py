"""The text of a run: its length, hash and characters, and its two parts: training and validation.

The first part of the characters of every file is for training, the rest for validation; so each
file, whatever it is about, is in both. The cut may go through a document, as in nanoGPT's runs.
"""

from collections.abc import Iterator

from minibig.backend.checks import number
from minibig.data.corpora import CORPORA, document_sources
from minibig.data.documents import DocumentNumbers, Piece, TextHash, empty, not_empty, renumbered
from minibig.data.world import World

TRAINING, VALIDATION = 0, 1
_MOST_KEPT = 16_000_000  # characters of a text that is kept in memory


class Text:
    """A text by the name of its corpus or its path, with its length, its hash and its two parts.

    It is read once for length, hash and the list of its characters. A text of up to 16 million
    characters is kept from then on, as a computed corpus always is; a longer one is streamed anew
    each time.

    Raises:  InputError if there is no such text.

    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "a.txt")
    ...     _ = path.write_text("abcdefghij")
    ...     text = Text(str(path), validation_fraction=0.2)
    ...     list(text.training()), list(text.validation()), text.alphabet
    ([(0, 'abcdefgh')], [(0, 'ij')], 'abcdefghij')
    """

    def __init__(
        self, name: str, *, validation_fraction: float = 0.0, errors: str = "strict"
    ) -> None:
        self.name, self.errors = str(name), errors
        self.validation_fraction = number("validation_fraction", validation_fraction, 0, below=1)
        self._sources = document_sources(name, errors=errors)
        self._lengths: list[int] = []  # of every source, in characters
        self._hash, self._alphabet = TextHash(), ""
        self._kept: list[list[Piece]] | None = None

    def pieces(self) -> Iterator[Piece]:
        """The text from its beginning, as (document index, text)."""
        return not_empty(self.name, renumbered(map(self._pieces, range(len(self._sources)))))

    def training(self) -> Iterator[Piece]:
        """The first part of every file; its documents are numbered from 0."""
        return self._part(TRAINING)

    def validation(self) -> Iterator[Piece]:
        """The rest."""
        return self._part(VALIDATION)

    def parts(self) -> Iterator[tuple[int, Piece]]:
        """Both parts in one go: pairs of 0 (training) or 1 (validation), and a piece of it."""
        self._measure()
        numbers = DocumentNumbers(), DocumentNumbers()
        for source, cut in enumerate(self._cuts()):
            position = 0
            for document, text in self._pieces(source):
                before = max(0, cut - position)
                for part, piece in ((TRAINING, text[:before]), (VALIDATION, text[before:])):
                    if piece:
                        yield part, (numbers[part].of(source, document), piece)
                position += len(text)

    @property
    def characters(self) -> int:
        """How many characters there are."""
        return self._measure().characters

    @property
    def training_characters(self) -> int:
        """How many of them are for training."""
        self._measure()
        return sum(self._cuts())

    @property
    def alphabet(self) -> str:
        """Each character that occurs in it, once, in code-point order."""
        self._measure()
        return self._alphabet

    @property
    def sha256(self) -> str:
        """The hash of the text and of where its documents end."""
        return self._measure().hexdigest()

    @property
    def entropy(self) -> float | None:
        """The entropy of the text's source in nats per byte, where it is known exactly."""
        return World().entropy() if self.name == "world" else None

    def _pieces(self, source: int) -> Iterator[Piece]:
        return iter(self._kept[source]) if self._kept else self._sources[source]()

    def _part(self, wanted: int) -> Iterator[Piece]:
        return (piece for part, piece in self.parts() if part == wanted)

    def _cuts(self) -> list[int]:
        """Where the part for validation begins in each file, in characters."""
        return [int(length * (1 - self.validation_fraction)) for length in self._lengths]

    def _measure(self) -> TextHash:
        """Read the text once."""
        if self._lengths:
            return self._hash
        found, numbers, lengths = TextHash(), DocumentNumbers(), list[int]()
        kept: list[list[Piece]] | None = []
        alphabet: set[str] = set()
        for source in range(len(self._sources)):
            before, held = found.characters, list[Piece]()
            for document, text in self._pieces(source):
                found.add(numbers.of(source, document), text)
                alphabet.update(text)
                held.append((document, text))
                if found.characters > _MOST_KEPT and self.name not in CORPORA:
                    kept = None
                    held.clear()
            lengths.append(found.characters - before)
            if kept is not None:
                kept.append(held)
        if not found.characters:
            raise empty(self.name)
        self._hash, self._lengths, self._kept = found, lengths, kept
        self._alphabet = "".join(sorted(alphabet))
        return found

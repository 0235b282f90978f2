"""What every tokenizer of the package offers, whichever way it cuts text.

The rest of the package (data, generation, the command line) asks for a `Tokenizer` and for nothing
more, so a tokenizer of your own fits wherever these members exist; no base class is needed.
"""

from collections.abc import Iterable
from os import PathLike
from typing import Protocol, runtime_checkable


@runtime_checkable
class Tokenizer(Protocol):
    """A two-way map between text and token ids 0 … vocab_size - 1.

    decode(encode(text)) == text for every text that the tokenizer accepts.
    """

    @property
    def vocab_size(self) -> int:
        """How many ids exist."""

    @property
    def end_of_text(self) -> int | None:
        """The id that stands between documents, or None where there is no such token."""

    def encode(self, text: str) -> list[int]:
        """The ids of the text."""

    def decode(self, ids: Iterable[int]) -> str:
        """The text of the ids; bytes that are no whole character become U+FFFD."""

    def decode_bytes(self, ids: Iterable[int]) -> bytes:
        """The UTF-8 bytes of the ids, which may end inside a character."""

    def save(self, folder: str | PathLike[str]) -> None:
        """Write the tokenizer's files into the folder, which is made if it does not exist."""

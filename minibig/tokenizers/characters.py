"""The smallest tokenizer: one token per character.

Nothing is lost and nothing is learned but the list of characters that occur. The price is long
sequences, and that a character the training text lacks cannot be written at all.
"""

from collections.abc import Iterable
from os import PathLike
from pathlib import Path

from minibig.backend.checks import shown
from minibig.backend.errors import InputError
from minibig.tokenizers.files import SETTINGS_FILE, read_settings, write_tokenizer
from minibig.tokenizers.inputs import check_text, checked_texts, token_ids


class Characters:
    """A tokenizer whose tokens are the characters of a text, numbered in code-point order.

    Raises:  InputError if the characters are not sorted and distinct.

    >>> tokenizer = Characters.train("hello")
    >>> tokenizer.characters, tokenizer.encode("hole")
    ('ehlo', [1, 3, 2, 0])
    >>> tokenizer.decode([1, 0, 2, 3])
    'helo'
    """

    end_of_text = None

    def __init__(self, characters: str) -> None:
        check_text(characters)
        if not characters or list(characters) != sorted(set(characters)):
            raise InputError(
                "characters must be distinct and sorted by code point, at least one; got "
                f"{shown(characters)}. Characters.train(text) collects them."
            )
        self.characters = characters
        self._ids = {character: number for number, character in enumerate(characters)}

    @classmethod
    def train(cls, texts: str | Iterable[str]) -> "Characters":
        """Collect the characters of one text or of several.

        Raises:  InputError if there is no character at all.
        """
        characters: set[str] = set()
        for text in checked_texts(texts):
            characters.update(text)
        if not characters:
            raise InputError("texts must hold at least one character; got none. Is a file empty?")
        return cls("".join(sorted(characters)))

    def __repr__(self) -> str:
        return f"Characters({self.vocab_size:,} tokens)"

    @property
    def vocab_size(self) -> int:
        """How many different characters there are."""
        return len(self.characters)

    def encode(self, text: str) -> list[int]:
        """One id per character.

        Raises:  InputError that names the first character outside the vocabulary and its offset.
        """
        check_text(text)
        try:
            return list(map(self._ids.__getitem__, text))
        except KeyError as error:
            unknown = error.args[0]
        raise InputError(
            f"text must use the {self.vocab_size} characters of this vocabulary; got {unknown!r} "
            f"at offset {text.index(unknown)}. Train on text that has it, or remove it."
        )

    def decode(self, ids: Iterable[int]) -> str:
        """The characters of the ids."""
        known = token_ids(ids, self.vocab_size)
        return "".join(map(self.characters.__getitem__, known))

    def decode_bytes(self, ids: Iterable[int]) -> bytes:
        """The characters of the ids in UTF-8."""
        return self.decode(ids).encode()

    def save(self, folder: str | PathLike[str]) -> None:
        """Write `tokenizer_settings.json` and its checksum into the folder.

        Raises:  InputError if the folder holds another tokenizer.
        """
        write_tokenizer(folder, {"kind": "characters", "characters": self.characters})

    @classmethod
    def load(cls, folder: str | PathLike[str]) -> "Characters":
        """Read what `save` wrote."""
        characters = read_settings(folder, ("characters",)).get("characters")
        path = Path(folder) / SETTINGS_FILE
        if not isinstance(characters, str):
            raise InputError(f'{path} must have "characters", one string; got {shown(characters)}.')
        try:
            return cls(characters)
        except InputError as error:
            raise InputError(f"{path}: {error}") from error

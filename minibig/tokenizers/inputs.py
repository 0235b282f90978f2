"""What a tokenizer accepts: texts that have a UTF-8 form, and ids that are written as numbers.

Every tokenizer of the package begins with these checks, so that a wrong input gives the same
sentence everywhere. They cost a few percent of encoding.
"""

import re
from collections.abc import Iterable

from minibig.backend.checks import iterable, refuse
from minibig.backend.errors import InputError

_ID = re.compile("[0-9]{1,18}")


def check_text(text: str) -> None:
    """Refuse what is not text, and text that UTF-8 cannot express.

    Raises:  InputError if `text` is not a str, or holds a lone surrogate: half of a UTF-16 pair,
             which is no character and has no UTF-8 bytes.

    >>> check_text("half of a pair: \\ud83d")
    Traceback (most recent call last):
    ...
    minibig.backend.errors.InputError: text must be valid Unicode; got the lone surrogate U+D83D ...
    """
    if not isinstance(text, str):
        raise refuse("text", "a str", text, "Decode bytes first." * isinstance(text, bytes))
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InputError(
            f"text must be valid Unicode; got the lone surrogate U+{ord(text[error.start]):04X} "
            f"at offset {error.start}. Read the file with its right encoding, or replace it."
        ) from None


def checked_texts(texts: str | Iterable[str]) -> Iterable[str]:
    """The texts one by one, each checked; a single str counts as one text.

    >>> list(checked_texts("one")), list(checked_texts(["one", "two"]))
    (['one'], ['one', 'two'])
    """
    if isinstance(texts, str):
        texts = [texts]
    elif isinstance(texts, bytes) or not isinstance(texts, Iterable):
        raise refuse("texts", "a str or an iterable of str", texts)
    for text in texts:
        check_text(text)
        yield text


def read_ids(words: Iterable[str]) -> list[int]:
    """Token ids that are written as decimal numbers.

    Raises:  InputError that shows the first word that is none.

    >>> read_ids("3 14 15".split())
    [3, 14, 15]
    """
    words = list(iterable("token ids", words, "words"))
    for word in words:
        if not isinstance(word, str) or not _ID.fullmatch(word):
            raise refuse("token ids", "whole numbers from 0 on", word)
    return list(map(int, words))

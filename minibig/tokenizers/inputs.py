"""What a tokenizer accepts: texts that have a UTF-8 form, and ids of its vocabulary.

Every tokenizer of the package begins with these checks, so that a wrong input gives the same
sentence everywhere. They cost a few percent of encoding.
"""

import re
from collections.abc import Iterable
from typing import Any

import numpy as np

from minibig.backend.checks import iterable, refusal, shown
from minibig.backend.errors import InputError
from minibig.ops.indexing import SAME_VOCABULARY, checked_ids

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
        raise refusal("text", "a str", text, "Decode bytes first." * isinstance(text, bytes))
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
        raise refusal("texts", "a str or an iterable of str", texts)
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
            raise refusal("token ids", "whole numbers from 0 on", word)
    return list(map(int, words))


def token_ids(ids: Any, vocab_size: int, name: str = "token ids") -> list[int]:
    """The ids of one row as a list, if each is a whole number from 0 to vocab_size - 1.

    Integers of NumPy count as integers. Booleans do not: True would silently be token 1.

    >>> token_ids([3, -1], vocab_size=5)
    Traceback (most recent call last):
    minibig.backend.errors.InputError: token ids must be whole numbers from 0 to 4; got -1. \
Check that tokenizer and model have the same vocabulary.
    """
    if isinstance(ids, np.ndarray):
        found: list[int] = token_id_array(ids, vocab_size, name).tolist()
        return found
    if not isinstance(ids, Iterable):
        raise refusal(name, "an iterable of whole numbers", ids, f"Write [{shown(ids)}].")
    found = list(ids)
    if not set(map(type, found)) <= {int}:
        for each in found:
            if isinstance(each, bool) or not isinstance(each, int | np.integer):
                raise _bad_id(each, vocab_size, name)
        found = list(map(int, found))
    if found and (min(found) < 0 or max(found) >= vocab_size):
        raise _bad_id(next(i for i in found if not 0 <= i < vocab_size), vocab_size, name)
    return found


def token_id_array(ids: Any, vocab_size: int, name: str = "token ids") -> np.ndarray:
    """The same as an array."""
    if not isinstance(ids, np.ndarray):
        return np.array(token_ids(ids, vocab_size, name), np.int64)
    if ids.ndim != 1:
        raise InputError(f"{name} must stand in one row; got shape {ids.shape}.")
    if ids.size == 0:
        return ids.astype(np.int64)
    return checked_ids(ids, vocab_size, name, SAME_VOCABULARY)


def _bad_id(token: Any, vocab_size: int, name: str) -> InputError:
    return refusal(name, f"whole numbers from 0 to {vocab_size - 1}", token, SAME_VOCABULARY)

"""What a tokenizer accepts: texts that have a UTF-8 form, and ids that exist.

Every tokenizer of the package begins with these checks, so that a wrong input gives the same
sentence everywhere. They cost a few percent of encoding and decoding.
"""

from collections.abc import Iterable
from operator import index

from minibig.backend.errors import InputError


def check_text(text: str) -> None:
    """Refuse what is not text, and text that UTF-8 cannot express.

    Raises:  TypeError if `text` is not a str; InputError if it holds a lone surrogate, half of a
             UTF-16 pair, which is no character and has no UTF-8 bytes.

    >>> check_text("half of a pair: \\ud83d")
    Traceback (most recent call last):
    ...
    minibig.backend.errors.InputError: text must be valid Unicode; got the lone surrogate U+D83D ...
    """
    if not isinstance(text, str):
        raise TypeError(f"text must be a str; got {type(text).__name__}. Decode bytes first.")
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
        raise TypeError(f"texts must be a str or an iterable of str; got {type(texts).__name__}.")
    for text in texts:
        check_text(text)
        yield text


def checked_ids(ids: Iterable[int], vocab_size: int) -> list[int]:
    """The ids as a list of Python ints, each in 0 … vocab_size - 1.

    Integers of NumPy count as integers. Booleans do not: True would silently be token 1.

    >>> checked_ids([3, -1], vocab_size=5)
    Traceback (most recent call last):
    ...
    minibig.backend.errors.InputError: token ids must be integers in 0 … 4 (the vocabulary has 5...
    """
    if not isinstance(ids, Iterable):
        raise TypeError(f"ids must be an iterable of integers; got {ids!r}. Write [{ids!r}].")
    ids = list(ids)
    if not set(map(type, ids)) <= {int}:
        ids = [_integer(token, vocab_size) for token in ids]
    if ids and (min(ids) < 0 or max(ids) >= vocab_size):
        raise _bad_id(next(token for token in ids if not 0 <= token < vocab_size), vocab_size)
    return ids


def _integer(token: object, vocab_size: int) -> int:
    try:
        if isinstance(token, bool):
            raise TypeError
        return index(token)  # type: ignore[arg-type]
    except TypeError:
        raise _bad_id(token, vocab_size) from None


def _bad_id(token: object, vocab_size: int) -> InputError:
    return InputError(
        f"token ids must be integers in 0 … {vocab_size - 1} (the vocabulary has {vocab_size} "
        f"tokens); got {token!r}. Use ids from this tokenizer's encode."
    )

"""Checks of what a caller gives, and the one form of their sentences.

    n_layers must be a whole number of at least 1; got 0.

Every function here returns the value that it was given, or raises InputError.
"""

import math
from collections.abc import Iterable
from os import PathLike
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from minibig.backend.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

_T = TypeVar("_T")
_LONGEST = 80  # characters of a value in a sentence


def shown(value: Any) -> str:
    """The value as an error sentence shows it: its `repr` in one line, cut where it is long."""
    try:
        text = " ".join(repr(value).split("\n"))
    except ValueError:  # Python writes no more than 4,300 digits
        return f"{type(value).__name__} of very many digits"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}... ({len(text):,} characters)"


def refusal(name: str, expected: str, value: Any, advice: str = "") -> InputError:
    """The error for a value that is not what was expected; `advice` is a sentence of its own."""
    return InputError(f"{name} must be {expected}; got {shown(value)}.{advice and ' ' + advice}")


def whole(name: str, value: Any, least: int | None = None, most: int | None = None) -> int:
    """`value`, if it is a whole number from `least` to `most`; both may be left out.

    >>> whole("n_layers", 0, least=1)
    Traceback (most recent call last):
    minibig.backend.errors.InputError: n_layers must be a whole number of at least 1; got 0.
    """
    right = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not (right and _within(value, least, most)):
        raise refusal(name, f"a whole number{_range(least, most)}", value)
    return int(value)


def number(
    name: str,
    value: Any,
    least: float | None = None,
    most: float | None = None,
    *,
    above: float | None = None,
    below: float | None = None,
) -> float:
    """`value` as a float, if it is a finite number within the bounds; `above` and `below` exclude.

    >>> number("lr", 0, above=0)
    Traceback (most recent call last):
    minibig.backend.errors.InputError: lr must be a number above 0; got 0.
    """
    real = isinstance(value, float | np.integer | np.floating)
    finite = (real or (type(value) is int and value.bit_length() < 1024)) and math.isfinite(value)
    inside = finite and (above is None or value > above) and (below is None or value < below)
    if not (inside and _within(value, least, most)):
        raise refusal(name, f"a number{_range(least, most, above, below)}", value)
    return float(value)


def fraction(name: str, value: Any) -> float:
    """`value` as a float, if it lies in 0 to 1."""
    return number(name, value, 0, 1)


def one_of(name: str, value: _T, choices: Iterable[_T]) -> _T:
    """`value`, if it is one of the choices.

    >>> one_of("schedule", "step", ("constant", "cosine"))
    Traceback (most recent call last):
    minibig.backend.errors.InputError: schedule must be one of constant, cosine; got 'step'.
    """
    choices = list(choices)
    if not any(type(value) is type(choice) and value == choice for choice in choices):
        raise refusal(name, f"one of {', '.join(map(str, choices))}", value)
    return value


def text(name: str, value: Any, *, empty: bool = False) -> str:
    """`value`, if it is a string that can be written as UTF-8; an empty one only where allowed."""
    if not isinstance(value, str) or not (value or empty):
        raise refusal(name, "a text" if empty else "a text that is not empty", value)
    if value.encode("utf-8", errors="replace").decode("utf-8") != value:
        raise refusal(name, "a text that can be written as UTF-8", value)
    return value


def flag(name: str, value: Any) -> bool:
    """`value`, if it is True or False."""
    if not isinstance(value, bool | np.bool_):
        raise refusal(name, "True or False", value)
    return bool(value)


def real_dtype(
    name: str, value: Any, expected: str = "a dtype of real numbers or bools, such as 'float32'"
) -> "np.dtype[Any]":
    """`value` as a dtype, if it is one of bools or of real numbers within 64 bits.

    >>> real_dtype("dtype", "float33")
    Traceback (most recent call last):
    minibig.backend.errors.InputError: dtype must be a dtype of real numbers or bools, \
such as 'float32'; got 'float33'.
    """
    try:
        dtype = np.dtype(object if value is None else value)
    except (TypeError, ValueError):
        dtype = np.dtype(object)
    if dtype.kind not in "fiub" or dtype.itemsize > 8:
        raise refusal(name, expected, value)
    return dtype


def hint(name: str, known: Iterable[str], most: int = 8) -> str:
    """What to say after a name that is not known: the nearest one that is, or the first few.

    >>> hint("step", ["steps", "lr"]), hint("x", ["steps", "lr"])
    ('did you mean steps?', 'there are steps, lr.')
    """
    import difflib  # for an error only

    known = list(known)
    near = difflib.get_close_matches(str(name), known, n=1, cutoff=0.5)
    more = ", ..." if len(known) > most else ""
    return f"did you mean {near[0]}?" if near else f"there are {', '.join(known[:most])}{more}."


def instance(name: str, value: Any, kind: type[_T]) -> _T:
    """`value`, if it is an object of the class `kind`."""
    if not isinstance(value, kind):
        got = type(value).__name__
        raise InputError(f"{name} must be of type {kind.__name__}; got {got}: {shown(value)}.")
    return value


def path(name: str, value: Any) -> "Path":
    """`value` as a path, if it is one or the text of one."""
    if not isinstance(value, str | PathLike) or "\0" in str(value) or value == "":
        raise refusal(name, "the path of a file or a folder", value, "It holds no null characters.")
    from pathlib import Path  # 5 ms of an import that shall be short

    return Path(value)


def iterable(name: str, value: Any, of: str) -> Iterable[Any]:
    """`value`, if one can go through it and it is no text; `of` says what it must hold."""
    if isinstance(value, str | bytes) or not isinstance(value, Iterable):
        raise refusal(name, f"an iterable of {of}", value)
    return value


def _within(value: Any, least: float | None, most: float | None) -> bool:
    return (least is None or value >= least) and (most is None or value <= most)


def _range(
    least: float | None, most: float | None, above: float | None = None, below: float | None = None
) -> str:
    if least is not None and most is not None:
        return f" from {least} to {most}"
    bounds = {"of at least": least, "above": above, "of at most": most, "below": below}
    return " and".join([f" {word} {b}" for word, b in bounds.items() if b is not None])

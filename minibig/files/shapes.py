"""The shape of a JSON file: which keys it has, and what may stand behind each.

A file comes from anywhere: its syntax can be right and its contents nonsense. A shape is written as
the value itself would be, with types in the place of values:

    {
        "step": Whole(0, 10**12),          a whole number of this range
        "loss": (float, None),             one of several shapes
        "settings": {str: object},         an object with any keys; `object` is any value
        "names": [str],                    a list
        "note?": str,                      a key that may be missing
        ...: object,                       further keys are allowed
    }

A check of `backend/checks`, called with a name and the value, is a shape as well.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minibig.backend import checks
from minibig.backend.errors import InputError
from minibig.files.durable import StorageError

_WORDS = {
    str: "a text", int: "a whole number", float: "a number", bool: "true or false",
    dict: "an object", list: "a list", type(None): "null",
}  # fmt: skip


@dataclass(frozen=True)
class Whole:
    """A whole number from `least` to `most`."""

    least: int
    most: int

    def __call__(self, name: str, value: Any) -> None:
        """Raise InputError unless the value is one of them."""
        checks.whole(name, value, self.least, self.most)


def check_shape(path: Path | str, value: Any, shape: Any) -> None:
    """Raise unless the value that was read from the file at `path` has the shape.

    Raises:  StorageError that names the file and the place in it.

    >>> check_shape("run.json", {"settings": {"seed": "one"}}, {"settings": {"seed": int}})
    Traceback (most recent call last):
    minibig.files.durable.StorageError: run.json is not usable: settings.seed must be a whole \
number; got 'one'. Restore a copy of the file.
    """
    try:
        _check("", value, shape)
    except InputError as error:
        raise StorageError(f"{path} is not usable: {error} Restore a copy of the file.") from None


def _check(name: str, value: Any, shape: Any) -> None:
    """Raise InputError with the name of the first part that is not as it must be."""
    if isinstance(shape, Mapping) and isinstance(value, dict):
        _check_object(name, value, shape)
    elif isinstance(shape, list) and isinstance(value, list):
        for i, each in enumerate(value):
            _check(f"{name}[{i}]", each, shape[0])
    elif isinstance(shape, tuple):
        if not any(_fits(value, each) for each in shape):
            raise checks.refusal(name or "it", " or ".join(map(_word, shape)), value)
    elif callable(shape) and not isinstance(shape, type):
        shape(name or "it", value)
    elif not _is_of_type(value, shape):
        raise checks.refusal(name or "it", _word(shape), value)


def _check_object(name: str, value: dict[str, Any], shape: Mapping[Any, Any]) -> None:
    known = {key.removesuffix("?"): key for key in shape if isinstance(key, str)}
    others = shape.get(str, shape.get(...))
    for key, written in known.items():
        if key not in value and not written.endswith("?"):
            raise InputError(f"{name or 'it'} must have a {checks.shown(key)}; it has none.")
    for key, each in value.items():
        inner = f"{name}.{key}" if name else key
        if key in known:
            _check(inner, each, shape[known[key]])
        elif others is None:
            raise InputError(
                f"{name or 'it'} must have no {checks.shown(key)}, which this minibig does not "
                "know. Upgrade minibig."
            )
        else:
            _check(inner if len(inner) < 80 else name or "it", each, others)


def _fits(value: Any, shape: Any) -> bool:
    try:
        _check("it", value, shape)
    except InputError:
        return False
    return True


def _is_of_type(value: Any, shape: Any) -> bool:
    """Whole numbers are numbers as well; true and false are no numbers."""
    if shape is None:
        return value is None
    if shape is object:
        return True
    if shape is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    kind = type(shape) if isinstance(shape, list | Mapping) else shape
    return type(value) is kind if kind is int else isinstance(value, kind)


def _word(shape: Any) -> str:
    if isinstance(shape, Whole):
        return f"a whole number from {shape.least} to {shape.most}"
    kind = shape if isinstance(shape, type) else type(shape)
    return _WORDS.get(kind, getattr(kind, "__name__", "something else"))

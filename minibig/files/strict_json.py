"""JSON as its standard has it: each key once, finite numbers, texts that are Unicode.

Python's reader keeps the last of two equal keys and takes NaN. A short text can also cost a hundred
times its length in memory, or more seconds than anyone waits; there are limits for that.
"""

import json
import math
from pathlib import Path
from typing import Any

from minibig.backend.checks import shown
from minibig.files.durable import StorageError, write_file
from minibig.files.reading import read_file
from minibig.files.shapes import check_shape

MAX_JSON_BYTES = 10_000_000
_MAX_VALUES = 500_000  # they take about 100 MB
_MAX_DIGITS = 64


def read_json(path: Path, limit: int = MAX_JSON_BYTES, shape: Any = object) -> Any:
    """The value in a JSON file of at most `limit` bytes, of a `shape` as in `shapes.py`.

    Raises:  StorageError that names the file and says what is wrong with it.
    """
    data = read_file(path, limit)
    try:
        value = parse_json(data)
    except StorageError as error:
        raise StorageError(f"{path} is not usable: {error}.") from None
    check_shape(path, value, shape)
    return value


def write_json(path: Path, value: Any) -> None:
    """Write a value as JSON, in lines, as a whole or not at all.

    Raises:  StorageError if `read_json` would not give back what was written, or it cannot be.
    """
    try:
        data = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False).encode() + b"\n"
        parse_json(data)
    except (TypeError, ValueError, RecursionError) as error:
        raise StorageError(f"{path} is not written: {error}.") from None
    write_file(path, data)


def parse_json(data: bytes) -> Any:
    """The value that a JSON text in UTF-8 stands for.

    Raises:  StorageError with the reason, such as a key that comes twice.

    >>> parse_json(b'{"a": [1, 2.5, null]}')
    {'a': [1, 2.5, None]}
    >>> parse_json(b'{"a": 1, "a": 2}')
    Traceback (most recent call last):
    minibig.files.durable.StorageError: the key 'a' comes twice
    """
    if len(data) > MAX_JSON_BYTES:
        raise StorageError(f"the JSON text has {len(data):,} bytes, more than {MAX_JSON_BYTES:,}")
    if sum(map(data.count, (b",", b"[", b"{"))) > _MAX_VALUES:
        raise StorageError(f"the JSON text has more than {_MAX_VALUES:,} values")
    try:
        text = data.decode()
        value = json.loads(
            text, object_pairs_hook=unique_keys, parse_int=_integer, parse_float=_finite,
            parse_constant=_finite,
        )  # fmt: skip
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode()  # fails on half a surrogate pair
    except UnicodeDecodeError as error:
        raise StorageError(f"the JSON text is not UTF-8 at byte {error.start}") from None
    except UnicodeEncodeError:
        raise StorageError("the JSON text holds half a surrogate pair") from None
    except json.JSONDecodeError as error:
        raise StorageError(f"it is not JSON: {error.msg} at character {error.pos}") from None
    except RecursionError:
        raise StorageError("the JSON text is nested too deeply") from None
    return value


def unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The dictionary of these pairs: an `object_pairs_hook` that refuses a key that comes twice."""
    result: dict[str, Any] = {}
    for key, value in pairs:
        if key in result:
            raise StorageError(f"the key {shown(key)} comes twice")
        result[key] = value
    return result


def _integer(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise StorageError(f"a number has {len(digits):,} digits")
    return int(digits)


def _finite(text: str) -> float:
    if text.lstrip("-") in ("NaN", "Infinity"):
        raise StorageError(f"{text} is not JSON")
    if not math.isfinite(float(text)):
        raise StorageError(f"the number {text[:20]} is too large")
    return float(text)

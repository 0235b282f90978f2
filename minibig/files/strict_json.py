"""JSON from strangers: what the standard says, and nothing of what Python adds to it.

Python's reader takes NaN and Infinity, keeps the last of two equal keys, lets half a surrogate pair
into a string, turns 1e999 into infinity, and meets deep nesting or very long numbers with errors of
its own. A short text can also cost a hundred times its length in memory. All of this is refused
here with one kind of error.
"""

import json
import math
from collections import Counter
from typing import Any, NoReturn

from minibig.files.durable import StorageError

MAX_JSON_BYTES = 100_000_000  # the limit of the safetensors format for its header
_MAX_VALUES = 500_000  # a tensor's entry has about 7; 500,000 values take about 100 MB
_MAX_DIGITS = 64


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
        value = json.loads(
            data.decode(),
            object_pairs_hook=_unique_keys,
            parse_int=_integer,
            parse_float=_finite,
            parse_constant=_not_json,
        )
        if b"\\u" in data:
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


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        twice = next(key for key, count in counts.items() if count > 1)
        raise StorageError(f"the key {ascii(twice)[:80]} comes twice")
    return result


def _integer(digits: str) -> int | float:
    if len(digits) > _MAX_DIGITS:
        raise StorageError(f"a number has {len(digits):,} digits")
    return -0.0 if digits == "-0" else int(digits)


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise StorageError(f"the number {text[:20]} is too large")
    return value


def _not_json(name: str) -> NoReturn:
    raise StorageError(f"{name} is not JSON")

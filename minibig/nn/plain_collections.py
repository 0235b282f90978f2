"""What lists, sets and dictionaries hold, which a walk over attributes would overlook."""

from collections import deque
from typing import Any

COLLECTIONS = (list, tuple, dict, set, frozenset, deque)
_DEEPEST = 8  # collections within collections


def holds(value: Any, kinds: tuple[type, ...], depth: int = _DEEPEST) -> bool:
    """Whether a plain collection holds an object of these kinds, also within others.

    >>> holds([[1, 2], {"a": 3.0}], (float,)), holds([[1, 2], {"a": 3.0}], (str,))
    (True, False)
    """
    if not isinstance(value, COLLECTIONS) or not depth:
        return False
    held = value.values() if isinstance(value, dict) else value
    return any(isinstance(each, kinds) or holds(each, kinds, depth - 1) for each in held)

"""Sums that keep their digits, whatever the axis.

One number added to another n times, rounded each time, is off by up to n·ε. NumPy adds in pairs of
pairs, with an error of log₂ n·ε, but only along the axis whose elements are neighbours in memory.
Here the other axes are summed in groups, groups of groups, and so on; and float16, which ends at
65,504, is summed in float32.
"""

import math
from typing import Any

import numpy as np

from minibig.backend.devices import Array, namespace

_GROUP = 16  # numbers that are added one after the other


def total(x: Array, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Any:
    """Σ x over `axis` (all axes, if it is None), in the dtype of x.sum().

    >>> float(total(np.full((100_000, 2), 0.1, np.float32), axis=0)[0])
    10000.0
    """
    if x.dtype.kind != "f" or x.size < 2:
        return x.sum(axis=axis, keepdims=keepdims)
    if x.dtype == np.float16:
        return total(x.astype("float32"), axis, keepdims).astype("float16")
    for slow in _axes_not_in_pairs(x, axis):
        x = _sums_of_groups(x, slow)
    return x.sum(axis=axis, keepdims=keepdims)


def _axes_not_in_pairs(x: Array, axis: int | tuple[int, ...] | None) -> list[int]:
    """The long axes to be summed that NumPy would add up one after the other."""
    in_order = x.flags.c_contiguous
    if in_order and (axis is None or axis in (-1, x.ndim - 1)):
        return []
    given = range(x.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    reduced = sorted({a % x.ndim for a in given})
    last = reduced == list(range(x.ndim - len(reduced), x.ndim))
    if (in_order and last) or math.prod([x.shape[a] for a in reduced]) <= _GROUP:
        return []
    longer = [a for a in range(x.ndim) if x.shape[a] > 1]
    nearest = min(longer, key=lambda a: (abs(x.strides[a]) or math.inf, -a))
    return [a for a in reduced if a in longer and a != nearest]


def _sums_of_groups(x: Array, axis: int) -> Array:
    """x with what is left of an axis when groups of it are summed, until they are few."""
    while (n := x.shape[axis]) > _GROUP:
        before, after = x.shape[:axis], x.shape[axis + 1 :]
        whole = n - n % _GROUP
        groups = x[(slice(None),) * axis + (slice(whole),)]
        sums = groups.reshape(*before, n // _GROUP, _GROUP, *after).sum(axis=axis + 1)
        if whole < n:
            rest = x[(slice(None),) * axis + (slice(whole, None),)].sum(axis=axis, keepdims=True)
            sums = namespace(x).concatenate([sums, rest], axis=axis)
        x = sums
    return x

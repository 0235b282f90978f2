"""Models without values: for counting what a model would hold, and for loading it.

A placeholder is an array of the right shape, dtype and device that keeps a single number in
memory, which stands for all elements. A parameter that has one gets an array of its own when it is
assigned.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from minibig.autograd import Tensor, broadcast_to
from minibig.backend import Array, Shape
from minibig.ops import full


class _Building(threading.local):
    without_values = False


_building = _Building()


@contextmanager
def without_values() -> Iterator[None]:
    """Within it models are built without drawing or storing weights: every parameter is NaN.

    `assign` and `load_state_dict` give the parameters values; until then a result is NaN, too.

    >>> with without_values():
    ...     layer = mb.nn.Linear(100_000, 100_000)
    >>> f"{layer.n_parameters:,}", bool(mb.isfinite(layer.weight[0, 0]))
    ('10,000,100,000', False)
    """
    before, _building.without_values = _building.without_values, True
    try:
        yield
    finally:
        _building.without_values = before


def values_are_left_out() -> bool:
    """Whether models are being built without values now, in this thread."""
    return _building.without_values


def placeholder(shape: Shape, dtype: Any = "float32", device: Any = None) -> Tensor:
    """A tensor of this shape that takes the memory of one number, NaN."""
    return broadcast_to(full((1,) * len(shape), float("nan"), dtype, device), shape=tuple(shape))


def is_placeholder(array: Array) -> bool:
    """Whether all elements of an array are one number in memory."""
    return array.size > 1 and not any(
        stride for n, stride in zip(array.shape, array.strides, strict=True) if n > 1
    )

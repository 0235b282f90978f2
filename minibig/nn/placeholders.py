"""Models without values: for counting what a model would hold, and for loading it.

A placeholder is an array of the right shape, dtype and device that keeps a single number in
memory, which stands for all elements. A parameter that has one gets an array of its own when it is
assigned.
"""

import threading
from contextlib import ContextDecorator
from typing import Any

from minibig.autograd import Tensor, broadcast_to
from minibig.backend import Array, InputError, Shape
from minibig.ops import full


class _Building(threading.local):
    without_values = False
    at_most: int | None = None
    count = 0
    numbers = 0


_building = _Building()
_BUILT_AS_USUAL: dict[str, Any] = {
    "without_values": False,
    "at_most": None,
    "count": 0,
    "numbers": 0,
}
_MOST_NUMBERS = 1 << 26  # of tables together, where a limit is set


class without_values(ContextDecorator):
    """Within it models are built without drawing or storing weights: every parameter is NaN.

    `assign` and `load_state_dict` give the parameters values; until then a result is NaN, too.
    The number of parameter tensors may be limited, so that no configuration builds for ever.

    >>> with without_values():
    ...     layer = mb.nn.Linear(100_000, 100_000)
    >>> f"{layer.n_parameters:,}", bool(mb.isfinite(layer.weight[0, 0]))
    ('10,000,100,000', False)
    """

    def __init__(self, at_most: int | None = None):
        self._at_most = at_most
        self._before: list[dict[str, Any]] = []

    def __enter__(self) -> None:
        self._before.append(vars(_building).copy())
        try:
            vars(_building).update(without_values=True, at_most=self._at_most, count=0, numbers=0)
        except BaseException:  # from outside, such as Ctrl-C
            self.__exit__()
            raise

    def __exit__(self, *error: object) -> None:
        vars(_building).update({**_BUILT_AS_USUAL, **self._before[-1]})
        self._before.pop()


def count_parameter() -> None:
    """Count one more parameter; raise if there are more than the limit of `without_values`."""
    _building.count += 1
    if _building.at_most is not None and _building.count > _building.at_most:
        raise InputError(f"there are more than {_building.at_most:,} parameter tensors.")


def count_numbers(n: int) -> None:
    """Count the numbers of one more table that is computed; raise beyond what a limit allows."""
    _building.numbers += n
    if _building.at_most is not None and _building.numbers > _MOST_NUMBERS:
        raise InputError(f"the tables of positions hold more than {_MOST_NUMBERS:,} numbers.")


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

"""Products and extremes of the first elements of a row; the sums stand in reductions.py.

All are found by doubling: after step s an element has seen 2ˢ elements, itself the last, so that
log₂ n steps on whole rows are enough.
"""

from functools import partial
from typing import Any

from minibig.autograd import Tensor, constant, reshape
from minibig.backend import Array, namespace
from minibig.ops.indexing import take_along_axis
from minibig.ops.operands import array_of, checked_axis
from minibig.ops.shapes import concatenate

def cumprod(x, /, axis: int | None = None) -> Tensor:
    """yᵢ = x₀ · ... · xᵢ along `axis`; over all elements in a row, if it is None.

    Derivatives are products of the other factors: there is no division that a 0 would spoil.

    >>> mb.cumprod(mb.tensor([2.0, 3.0, 4.0]))
    tensor([ 2.,  6., 24.])
    """
    y, axis = _row(x if x.dtype.kind == "f" else x.astype("int64"), axis, "cumprod")
    before, step = (slice(None),) * axis, 1
    while step < y.shape[axis]:
        seen = y[(*before, slice(step, None))] * y[(*before, slice(None, -step))]
        y, step = concatenate([y[(*before, slice(step))], seen], axis), 2 * step
    return y

def cummax(x, /, axis: int | None = None) -> Tensor:
    """yᵢ = max(x₀, ..., xᵢ) along `axis`; the latest of equal elements gets the gradient.

    >>> mb.cummax(mb.tensor([1.0, 3.0, 2.0]))
    tensor([1., 3., 3.])
    """
    x, axis = _row(x, axis, "cummax")
    return take_along_axis(x, places_of_largest_so_far(x, axis=axis), axis)

def cummin(x, /, axis: int | None = None) -> Tensor:
    """yᵢ = min(x₀, ..., xᵢ) along `axis`; the latest of equal elements gets the gradient."""
    x, axis = _row(x, axis, "cummin")
    y = array_of(x)
    turned = -y if y.dtype.kind == "f" else ~y  # ~ turns integers and bools without overflow
    return take_along_axis(x, places_of_largest_so_far(turned, axis=axis), axis)

def _row(x: Any, axis: int | None, name: str) -> tuple[Any, int]:
    """x and the axis from the front; without an axis, all elements as one row."""
    return (reshape(x, -1), 0) if axis is None else (x, checked_axis(axis, x.ndim, name))

@partial(constant, name="cummax")
def places_of_largest_so_far(x: Array, /, *, axis: int) -> Array:
    """The place of the largest of the first elements, the latest of equals; NaN is the largest."""
    xp = namespace(x)
    rows = xp.moveaxis(x, axis, -1)
    places = xp.broadcast_to(xp.arange(rows.shape[-1]), rows.shape).copy()
    step = 1
    while step < rows.shape[-1]:
        later, earlier = places[..., step:], places[..., :-step]
        at_later = xp.take_along_axis(rows, later, axis=-1)
        at_earlier = xp.take_along_axis(rows, earlier, axis=-1)
        larger = (at_earlier > at_later) | ((at_earlier != at_earlier) & (at_later == at_later))
        places[..., step:] = xp.where(larger, earlier, later)
        step *= 2
    return xp.moveaxis(places, -1, axis)

"""Sorting and searching: the places of elements in an order, and the elements at these places.

Places are constants. The gradient of sorted elements goes back to where they came from.
"""

import math
from functools import partial

from minibig.autograd import Tensor, constant
from minibig.backend import Array, InputError, checks, namespace
from minibig.ops.indexing import take_along_axis
from minibig.ops.operands import checked_axis

@constant
def argsort(x: Array, /, axis: int = -1) -> Array:
    """The places that sort x in ascending order, NaN last; equal elements keep their order."""
    return namespace(x).argsort(x, axis=checked_axis(axis, x.ndim, "argsort"), kind="stable")

def sort(x, /, axis: int = -1) -> Tensor:
    """x in ascending order along `axis`, NaN last; equal elements keep their order."""
    return take_along_axis(x, argsort(x, axis=axis), checked_axis(axis, x.ndim, "sort"))

def top_k(x, k: int, /, axis: int = -1) -> tuple[Tensor, Tensor]:
    """The k largest elements along `axis`, largest first, and their places; of equals the first.

    NaN counts as larger than every number. Only what is kept is sorted.

    >>> mb.top_k(mb.tensor([1.0, 3.0, 2.0, 3.0]), 3)
    (tensor([3., 3., 2.]), tensor([1, 3, 2]))
    """
    axis = checked_axis(axis, x.ndim, "top_k")
    places = places_of_largest(x, k=checks.whole("top_k: k", k, 0, x.shape[axis]), axis=axis)
    return take_along_axis(x, places, axis), places

@partial(constant, name="top_k")
def places_of_largest(x: Array, /, *, k: int, axis: int) -> Array:
    """The places of the k largest along `axis`: chosen by one threshold a row, then sorted."""
    xp = namespace(x)
    rows = xp.moveaxis(x, axis, -1)
    n = rows.shape[-1]
    if 0 < k < n and not (x.dtype.kind == "f" and bool(xp.isnan(x).any())):
        least = xp.partition(rows, n - k, axis=-1)[..., n - k, None]  # the k-th largest
        kept = rows >= least
        if int(kept.sum()) > math.prod(rows.shape[:-1]) * k:  # of those that equal it, the first
            above = rows > least
            wanted = k - above.sum(axis=-1, keepdims=True)
            kept = above | (kept & ((kept & ~above).cumsum(axis=-1) <= wanted))
        places = xp.nonzero(kept)[-1].reshape(*rows.shape[:-1], k)
        rows = xp.take_along_axis(rows, places, axis=-1)
    else:
        places = xp.broadcast_to(xp.arange(n), rows.shape)
    backwards = xp.argsort(rows[..., ::-1], axis=-1, kind="stable")[..., ::-1]
    order = rows.shape[-1] - 1 - backwards[..., :k]
    return xp.moveaxis(xp.take_along_axis(places, order, axis=-1), -1, axis)

@constant
def nonzero(x: Array, /) -> tuple[Array, ...]:
    """The places of the elements that are not 0, in order: an index for each axis, as in NumPy.

    >>> mb.nonzero(mb.tensor([[0, 5], [7, 0]]))
    (tensor([0, 1]), tensor([1, 0]))
    """
    if not x.ndim:
        raise InputError("nonzero needs at least one axis; got a single number. Compare it with 0.")
    return namespace(x).nonzero(x)

"""The same elements in another arrangement: the derivative rearranges the gradient back."""

import math
import operator
from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Any

import numpy as np

from minibig.autograd import Primitive, Tensor, as_tuple, broadcast_to, primitive, reshape
from minibig.backend import Array, InputError, checks, namespace, promoted
from minibig.ops.elementwise import named
from minibig.ops.operands import checked_axis

@primitive(name="transpose")
def transpose_to(x: Array, /, *, axes: Sequence[int]) -> Array:
    """x with its axes in this order."""
    return x.transpose(axes)
transpose_to.defvjp(x=lambda g, axes: transpose_to(g, axes=np.argsort(axes).tolist()))

def transpose(x, /, *axes) -> Tensor:
    """x with its axes in the given order; reversed, if no order is given.

    >>> mb.transpose(mb.zeros((2, 3, 4)), (1, 0, 2)).shape
    (3, 2, 4)
    """
    if len(axes) == 1 and not isinstance(axes[0], int):
        axes = tuple(axes[0] or ())
    order = [checked_axis(a, x.ndim, "transpose") for a in axes or range(x.ndim)[::-1]]
    if sorted(order) != [*range(x.ndim)]:
        raise InputError(f"transpose: {axes} is not an order of the axes of shape {x.shape}.")
    return transpose_to(x, axes=order)

@primitive
def swapaxes(x: Array, a: int, b: int, /) -> Array:
    """x with the axes a and b exchanged."""
    return x.swapaxes(a, b)
swapaxes.defvjp(x=lambda g, a, b: g.swapaxes(a, b))

def squeeze(x, /, axis: int | tuple[int, ...] | None = None) -> Tensor:
    """x without its axes of length 1: all, or those named, which must have length 1."""
    if axis is None:
        return reshape(x, [n for n in x.shape if n != 1])
    axes = {checked_axis(a, x.ndim, "squeeze") for a in as_tuple(axis)}
    if wrong := [a for a in axes if x.shape[a] != 1]:
        raise InputError(f"squeeze: axis {wrong[0]} of shape {x.shape} must have length 1.")
    return reshape(x, [n for i, n in enumerate(x.shape) if i not in axes])

def expand_dims(x, /, axis: int) -> Tensor:
    """x with a new axis of length 1 at `axis`."""
    axis = checked_axis(axis, x.ndim + 1, "expand_dims")
    return reshape(x, (*x.shape[:axis], 1, *x.shape[axis:]))

def flatten(x, /, start: int = 0, end: int = -1) -> Tensor:
    """The axes from `start` to `end`, both included, as one; without axes x becomes one element.

    >>> mb.flatten(mb.zeros((2, 3, 4)), 1).shape
    (2, 12)
    """
    x = x if x.ndim else reshape(x, 1)
    start, end = (checked_axis(axis, x.ndim, "flatten") for axis in (start, end))
    if start > end:
        raise InputError(f"flatten: start must not lie behind end; got {start} and {end}.")
    return reshape(x, (*x.shape[:start], math.prod(x.shape[start : end + 1]), *x.shape[end + 1 :]))

def ravel(x, /) -> Tensor:
    """All elements of x in one row."""
    return reshape(x, (x.size,))

@primitive
def split(x: Array, /, sizes: int | Sequence[int], axis: int = 0) -> tuple[Array, ...]:
    """x cut along `axis` into parts of the given sizes, or into that many equal parts.

    >>> mb.split(mb.tensor([1, 2, 3, 4, 5]), [2, 3])
    (tensor([1, 2]), tensor([3, 4, 5]))
    """
    axis = checked_axis(axis, x.ndim, "split")
    length = x.shape[axis]
    if isinstance(sizes, int):
        if sizes < 1 or length % sizes:
            raise InputError(f"split: an axis of length {length} has no {sizes} equal parts.")
        sizes = [length // sizes] * sizes
    if sum(sizes) != length or min(sizes, default=-1) < 0:
        raise InputError(f"split: the sizes {list(sizes)} must add up to the length {length}.")
    before, ends = (slice(None),) * axis, accumulate(sizes, initial=0)
    return tuple([x[(*before, slice(start, end))] for start, end in pairwise(ends)])

def _split_rule(g, x_shape, sizes, axis):
    # parts that lie side by side in one array, as the gradients of q, k and v may, are not copied
    parts, memory = as_tuple(g), getattr(as_tuple(g)[0], "base", None)
    if isinstance(memory, np.ndarray) and {id(x.base) for x in parts} == {id(memory)}:
        whole = np.lib.stride_tricks.as_strided(parts[0], x_shape, parts[0].strides)
        places = [[x.__array_interface__ for x in xs] for xs in (parts, split(whole, sizes, axis))]
        if places[0] == places[1]:
            return whole
    return concatenate_all(*parts, axis=axis)
split.defvjp(x=_split_rule)

@primitive(name="concatenate")
def concatenate_all(*xs: Array, axis: int) -> Array:
    """The arrays one after the other along `axis`."""
    return namespace(xs[0]).concatenate(promoted(*xs), axis=axis)

concatenate_all.defvjp(xs=lambda g, xs_shape, axis: split(g, [s[axis] for s in xs_shape], axis))

def concatenate(xs: Sequence[Any], /, axis: int = 0) -> Tensor:
    """The tensors xs one after the other along `axis`.

    >>> mb.concatenate([mb.tensor([1, 2]), mb.tensor([3])])
    tensor([1, 2, 3])
    """
    xs = tuple(xs)
    if not xs:
        raise InputError("concatenate needs at least one tensor; got none.")
    return concatenate_all(*xs, axis=axis)

def stack(xs: Sequence[Any], /, axis: int = 0) -> Tensor:
    """The tensors xs, which have one shape, along a new axis.

    >>> mb.stack([mb.tensor([1, 2]), mb.tensor([3, 4])], axis=1).tolist()
    [[1, 3], [2, 4]]
    """
    xs = tuple(xs)
    if len({x.shape for x in xs}) != 1:
        raise InputError(f"stack needs tensors of one shape; got {[x.shape for x in xs]}.")
    return concatenate([expand_dims(x, axis=axis) for x in xs], axis=axis)

@primitive
def flip(x: Array, /, axis: int | tuple[int, ...] | None = None) -> Array:
    """x in reverse order along `axis`, one, several, or all (None)."""
    return namespace(x).flip(x, axis=axis)
flip.defvjp(x=lambda g, axis: flip(g, axis=axis))

@primitive
def roll(x: Array, /, shift: int | tuple[int, ...], axis: int | tuple[int, ...] | None = None):
    """x[i] at place (i + shift) mod n of `axis`; without one, all elements move as one row.

    Several axes have a shift each.

    >>> mb.roll(mb.tensor([[1, 2, 3], [4, 5, 6]]), (1, -1), (0, 1)).tolist()
    [[5, 6, 4], [2, 3, 1]]
    """
    return namespace(x).roll(x, tuple(map(operator.index, as_tuple(shift))), axis=axis)
roll.defvjp(x=lambda g, shift, axis: roll(g, tuple([-n for n in as_tuple(shift)]), axis))

def tile(x, repeats: int | Sequence[int], /) -> Tensor:
    """x, `repeats[i]` times along axis i; missing numbers are 1, missing axes are put in front."""
    given = repeats if isinstance(repeats, Sequence) else [repeats]
    counts = [checks.whole("tile: a number of repeats", n, 0) for n in given]
    counts = [1] * (x.ndim - len(counts)) + counts
    both = [*zip(counts, (1,) * (len(counts) - x.ndim) + x.shape, strict=True)]
    apart = reshape(x, [n for _, length in both for n in (1, length)])
    spread = broadcast_to(apart, shape=tuple([n for pair in both for n in pair]))
    return reshape(spread, [n * length for n, length in both])

def _triangle(name: str, meaning: str) -> Primitive:
    def triangle(x: Array, /, k: int = 0) -> Array:
        if x.ndim < 2:
            raise InputError(f"{name} needs matrices (..., N, M); got shape {x.shape}.")
        return getattr(namespace(x), name)(x, operator.index(k))
    return primitive(named(triangle, name, meaning))

tril = _triangle("tril", "The lower triangle of each matrix: 0 above the k-th diagonal.")
triu = _triangle("triu", "The upper triangle of each matrix: 0 below the k-th diagonal.")
tril.defvjp(x=lambda g, k: tril(g, k=k))
triu.defvjp(x=lambda g, k: triu(g, k=k))

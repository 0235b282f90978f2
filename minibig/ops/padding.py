"""Padding and repetition: tensors made larger out of their own elements or of a constant."""

from collections.abc import Sequence
from typing import Any, Literal, get_args

import numpy as np

from minibig.autograd import Tensor, primitive
from minibig.backend import Array, InputError, checks, namespace, real
from minibig.ops.indexing import take
from minibig.ops.operands import array_of, checked_axis
from minibig.ops.shapes import expand_dims, flatten, ravel, tile

Mode = Literal["constant", "edge", "reflect", "wrap"]

def pad(x, /, pad_width: Any, mode: Mode = "constant", *, constant_values: float = 0.0) -> Tensor:
    """x with a margin of `pad_width` elements before and after each axis.

    `pad_width` is a number, a pair (before, after), or one pair for every axis. In the margin
    stands a constant; or the element at the edge ("edge"), those inside it in reverse order
    ("reflect"), or those from the other end ("wrap").

    >>> mb.pad(mb.tensor([1, 2, 3]), (1, 2), mode="reflect")
    tensor([2, 1, 2, 3, 2, 1])
    """
    checks.one_of("pad: mode", mode, get_args(Mode))
    widths = _widths(pad_width, x.ndim)
    if mode == "constant":
        return margin(x, widths=widths, value=constant_values)
    for axis, width in enumerate(widths):
        if width != (0, 0):
            if not x.shape[axis]:
                raise InputError(f"pad: axis {axis} has no elements to fill a margin with.")
            places = np.pad(np.arange(x.shape[axis]), width, mode=mode)
            x = take(x, namespace(array_of(x)).asarray(places), axis)
    return x

def _widths(pad_width: Any, ndim: int) -> list[tuple[int, ...]]:
    try:
        widths = np.broadcast_to(pad_width, (ndim, 2)).tolist()
    except ValueError:
        expected = f"a number, a pair, or a pair for each of {ndim} axes"
        raise checks.refusal("pad: pad_width", expected, pad_width) from None
    return [tuple([checks.whole("pad: a width", n, 0) for n in pair]) for pair in widths]

@primitive(name="pad")
def margin(x: Array, /, *, widths: Any, value: float) -> Array:
    """x with `widths` elements of one value before and after each axis."""
    if x.dtype.kind in "iub" and x.dtype.type(value) != value:  # 1.5 around integers is no integer
        x = real(x)
    return namespace(x).pad(x, widths, constant_values=value) if x.ndim else x.copy()
margin.defvjp(x=lambda g, x_shape, widths:
    g[tuple([slice(a, a + n) for (a, _), n in zip(widths, x_shape, strict=True)])])

def repeat(x, repeats: int | Sequence[int], /, axis: int | None = None) -> Tensor:
    """Every element along `axis`, `repeats` times in a row; or each a number of times of its own.

    Without an axis x is taken as one row. (PyTorch's `repeat` is `tile` here.)

    >>> mb.repeat(mb.tensor([1, 2]), 3), mb.repeat(mb.tensor([1, 2]), [2, 1])
    (tensor([1, 1, 1, 2, 2, 2]), tensor([1, 1, 2]))
    """
    x, axis = (ravel(x), 0) if axis is None else (x, checked_axis(axis, x.ndim, "repeat"))
    n = x.shape[axis]
    if isinstance(repeats, int):
        times = (checks.whole("repeat: repeats", repeats, 0), *[1] * (x.ndim - axis - 1))
        return flatten(tile(expand_dims(x, axis + 1), times), axis, axis + 1)
    given = repeats.tolist() if isinstance(repeats, Tensor) else repeats
    numbers = checks.iterable("repeat: repeats", given, "whole numbers, or one for each element")
    counts = [checks.whole("repeat: a number of repeats", count, 0) for count in numbers]
    if len(counts) != n:
        raise InputError(f"repeat: axis {axis} needs {n} numbers of repeats; got {len(counts)}.")
    return take(x, namespace(array_of(x)).asarray(np.repeat(np.arange(n), counts)), axis)

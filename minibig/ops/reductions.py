"""Sums and their relatives: reductions along one axis, several, or all.

The derivative of a sum spreads the gradient over what was summed, that of a maximum over the
elements that attain it, in equal shares; `expand_as` undoes `keepdims=False` first.
"""

import math

from minibig.autograd import broadcast_to, composite, constant, primitive, reshape
from minibig.backend import Array, InputError, Shape, namespace
from minibig.ops.arithmetic import mul, where
from minibig.ops.elementwise import exp, log, sqrt
from minibig.ops.shapes import concatenate, flip, transpose

Axis = int | tuple[int, ...] | None

def kept_shape(shape: Shape, axis: Axis) -> Shape:
    """The shape that a reduction leaves with keepdims=True: (2, 3) becomes (2, 1) by axis 1."""
    axes = range(len(shape)) if axis is None else (axis if isinstance(axis, tuple) else (axis,))
    reduced = {a % len(shape) for a in axes} if shape else set()
    return tuple([1 if i in reduced else n for i, n in enumerate(shape)])

def expand_as(g, shape: Shape, axis: Axis):
    """What a reduction over `axis` left, repeated over the axes that it removed."""
    return broadcast_to(reshape(g, kept_shape(shape, axis)), shape=shape)

@primitive
def sum(x: Array, /, axis: Axis = None, keepdims: bool = False) -> Array:
    """The sum over `axis` (all axes, if it is None)."""
    return x.sum(axis=axis, keepdims=keepdims)
sum.defvjp(x=lambda g, x_shape, axis: expand_as(g, x_shape, axis))

def _count(shape: Shape, axis: Axis) -> int:
    return math.prod(shape) // (math.prod(kept_shape(shape, axis)) or 1)

@composite
def mean(x, /, axis: Axis = None, keepdims: bool = False):
    """The arithmetic mean over `axis`.

    >>> mb.mean(mb.tensor([[1.0, 2.0], [3.0, 6.0]]), axis=0)
    tensor([2., 4.])
    """
    n = _count(x.shape, axis)
    return x.sum(axis=axis, keepdims=keepdims) * (1 / n if n else math.nan)

@composite
def var(x, /, axis: Axis = None, keepdims: bool = False, *, correction: int = 0):
    """The variance over `axis`: the mean of (x − mean)², with n − correction in the denominator.

    >>> mb.var(mb.tensor([1.0, 2.0, 3.0, 4.0]))
    tensor(1.25)
    """
    n = _count(x.shape, axis)
    if n <= correction:
        raise InputError(f"var with correction {correction} needs more elements; got {n}.")
    centred = x - mean(x, axis=axis, keepdims=True)
    return (centred * centred).sum(axis=axis, keepdims=keepdims) * (1 / (n - correction))

@composite
def norm(x, /, *, axis: Axis = None, keepdims: bool = False):
    """√Σ x², the Euclidean length of x along `axis`; the derivatives at 0 are 0."""
    return _root(mul(x, x).sum(axis=axis, keepdims=keepdims))

@composite
def std(x, /, axis: Axis = None, keepdims: bool = False, *, correction: int = 0):
    """√var, the standard deviation over `axis`; the derivatives of equal numbers are 0."""
    return _root(var(x, axis=axis, keepdims=keepdims, correction=correction))

def _root(squares):
    """√squares, with derivatives 0 instead of ∞ at 0."""
    zero = squares == 0
    return where(zero, 0.0, sqrt(where(zero, 1.0, squares)))

@composite
def prod(x, /, axis: Axis = None, keepdims: bool = False):
    """The product over `axis`, taken in pairs, and in pairs of pairs.

    So a derivative is the product of the other factors, without a division that a 0 would spoil.

    >>> mb.grad(mb.prod)(mb.tensor([2.0, 0.0, 3.0]))
    tensor([0., 6., 0.])
    """
    x = x if x.dtype.kind == "f" else x.astype("int64")
    if not x.size:
        return x.sum(axis=axis, keepdims=keepdims) + 1
    kept = kept_shape(x.shape, axis)
    reduced_first = sorted(range(x.ndim), key=lambda i: kept[i] == x.shape[i])
    factors = reshape(transpose(x, reduced_first), (-1, math.prod(kept)))
    while (n := len(factors) // 2) > 0:
        factors = concatenate([factors[:n] * factors[n : 2 * n], factors[2 * n :]])
    return reshape(factors, kept).sum(axis=axis, keepdims=keepdims)

@primitive
def cumsum(x: Array, /, axis: int | None = None) -> Array:
    """yᵢ = x₀ + ... + xᵢ along `axis`; over all elements in a row, if it is None."""
    return x.cumsum(axis=axis)

def _cumsum_rule(g, x_shape, axis):
    return reshape(flip(cumsum(flip(g, axis=axis), axis=axis), axis=axis), x_shape)
cumsum.defvjp(x=_cumsum_rule)

@primitive
def max(x: Array, /, axis: Axis = None, keepdims: bool = False) -> Array:
    """The largest element along `axis`; equal ones share the gradient."""
    return x.max(axis=axis, keepdims=keepdims)

@primitive
def min(x: Array, /, axis: Axis = None, keepdims: bool = False) -> Array:
    """The smallest element along `axis`; equal ones share the gradient."""
    return x.min(axis=axis, keepdims=keepdims)

def _extreme_rule(g, x, y, axis):
    attained = (x == expand_as(y, x.shape, axis)).astype(y.dtype)
    shares = attained / attained.sum(axis=axis, keepdims=True)
    return expand_as(g, x.shape, axis) * shares
max.defvjp(x=_extreme_rule)
min.defvjp(x=_extreme_rule)

@composite
def logsumexp(x, /, axis: Axis = -1, keepdims: bool = False):
    """ln Σ eˣ along `axis`, shifted by the maximum so that it never overflows.

    >>> mb.logsumexp(mb.tensor([1000.0, 1000.0]))
    tensor(1000.6932)
    """
    shift = _finite_max(x, axis=axis)
    total = log(exp(x - shift).sum(axis=axis, keepdims=True)) + shift
    return total if keepdims else total.sum(axis=axis)

@constant(name="max")
def _finite_max(x: Array, /, *, axis: Axis) -> Array:
    """The maximum, 0 where it is infinite; a constant, since the shift cancels out."""
    top = x.max(axis=axis, keepdims=True)
    return where(isfinite(top), top, 0.0)

@constant
def argmax(x: Array, /, axis: int | None = None, keepdims: bool = False) -> Array:
    """The index of the largest element along `axis`, the first if there are several."""
    return namespace(x).argmax(x, axis=axis, keepdims=keepdims)

@constant
def argmin(x: Array, /, axis: int | None = None, keepdims: bool = False) -> Array:
    """The index of the smallest element along `axis`, the first if there are several."""
    return namespace(x).argmin(x, axis=axis, keepdims=keepdims)

@constant
def isfinite(x: Array, /) -> Array:
    """Whether an element is neither infinite nor NaN."""
    return namespace(x).isfinite(x)

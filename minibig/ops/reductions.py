"""Sums and their relatives: reductions along one axis, several, or all.

The derivative of a sum spreads the gradient over what was summed, that of a maximum over the
elements that attain it, in equal shares; `expand_as` undoes `keepdims=False` first.
"""

import math
from collections.abc import Callable

import numpy as np

from minibig.autograd import Tensor, broadcast_to, constant, primitive, reshape, sum_to
from minibig.backend import Array, InputError, Shape, checks, namespace, real, total
from minibig.ops.arithmetic import maximum, mul, where
from minibig.ops.elementwise import exp, named, sqrt
from minibig.ops.operands import in_single_precision
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
    """The sum over `axis` (all axes, if it is None), with all its digits: see backend/sums.py."""
    return total(x, axis, keepdims)
sum.defvjp(x=lambda g, x_shape, axis: expand_as(g, x_shape, axis))

def _count(shape: Shape, axis: Axis) -> int:
    return math.prod(shape) // (math.prod(kept_shape(shape, axis)) or 1)

@primitive
def mean(x: Array, /, axis: Axis = None, keepdims: bool = False) -> Array:
    """The arithmetic mean over `axis`: Σ x / n; of whole numbers in float32, of none NaN.

    >>> mb.mean(mb.tensor([[1.0, 2.0], [3.0, 6.0]]), axis=0)
    tensor([2., 4.])
    """
    dtype = real(x).dtype
    wide = x.astype("float32") if dtype == "float16" else x  # its sum may be beyond 65,504
    return (total(wide, axis, keepdims) / (_count(x.shape, axis) or math.nan)).astype(dtype)
mean.defvjp(x=lambda g, x_shape, axis: expand_as(g / (_count(x_shape, axis) or 1), x_shape, axis))

@in_single_precision
def var(x, /, axis: Axis = None, keepdims: bool = False, *, correction: int = 0) -> Tensor:
    """The variance over `axis`: the mean of (x − mean)², with n − correction in the denominator.

    >>> mb.var(mb.tensor([1.0, 2.0, 3.0, 4.0]))
    tensor(1.25)
    """
    checks.flag("keepdims", keepdims)
    n = _count(x.shape, axis)
    if n <= correction:
        raise InputError(f"var with correction {correction} needs more elements; got {n}.")
    centred = x - mean(x, axis=axis, keepdims=True)
    centred = centred - mean(centred, axis=axis, keepdims=True)  # the mean itself was rounded
    return (centred * centred).sum(axis=axis, keepdims=keepdims) / (n - correction)

@in_single_precision
def norm(x, /, *, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """√Σ x², the Euclidean length of x along `axis`; the derivatives at 0 are 0."""
    return _root(mul(x, x).sum(axis=axis, keepdims=keepdims))

@in_single_precision
def std(x, /, axis: Axis = None, keepdims: bool = False, *, correction: int = 0) -> Tensor:
    """√var, the standard deviation over `axis`; the derivatives of equal numbers are 0."""
    return _root(var(x, axis=axis, keepdims=keepdims, correction=correction))

def _root(squares):
    """√squares, with derivatives 0 instead of ∞ at 0."""
    zero = squares == 0
    return where(zero, 0.0, sqrt(where(zero, 1.0, squares)))

def prod(x, /, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The product over `axis`, taken in pairs, and in pairs of pairs.

    So a derivative is the product of the other factors, without a division that a 0 would spoil.

    >>> mb.grad(mb.prod)(mb.tensor([2.0, 0.0, 3.0]))
    tensor([0., 6., 0.])
    """
    checks.flag("keepdims", keepdims)
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
    wide = {"float16": "float32", "float32": "float64"}.get(x.dtype.name)
    y = x.cumsum(axis=axis, dtype=wide)
    return y if wide is None else y.astype(x.dtype)  # no digits are lost on the way
cumsum.defvjp(x=lambda g, x_shape, axis:
    reshape(flip(cumsum(flip(g, axis=axis), axis=axis), axis=axis), x_shape))

def _method(name: str, meaning: str) -> Callable[..., Array]:
    """The reduction that arrays have as a method of that name."""
    def reduced(x: Array, /, axis: Axis = None, keepdims: bool = False) -> Array:
        return getattr(x, name)(axis=axis, keepdims=keepdims)
    return named(reduced, name, meaning)

all = constant(_method("all", "Whether all elements along `axis` are true (not 0)."))
any = constant(_method("any", "Whether one element along `axis`, or more, is true (not 0)."))
argmax = constant(_method("argmax", "The place of the largest along `axis`; of equals the first."))
argmin = constant(_method("argmin", "The place of the smallest along `axis`; of equals the first."))
max = primitive(_method("max", "The largest element along `axis`; equals share the gradient."))
min = primitive(_method("min", "The smallest element along `axis`; equals share the gradient."))

def _extreme_rule(g, x, y, axis):
    attained = (x == expand_as(y, x.shape, axis)).astype(y.dtype)
    shares = attained / sum_to(attained, shape=kept_shape(x.shape, axis))
    return expand_as(g, x.shape, axis) * shares
max.defvjp(x=_extreme_rule)
min.defvjp(x=_extreme_rule)

@primitive
def logsumexp(x: Array, /, axis: Axis = -1, keepdims: bool = False) -> Array:
    """ln Σ eˣ along `axis`, shifted by the maximum so that it never overflows.

    >>> mb.logsumexp(mb.tensor([1000.0, 1000.0]))
    tensor(1000.6932)
    """
    xp = namespace(x)
    top = x.max(axis=axis, keepdims=True)
    shift = xp.where(xp.isfinite(top), top, 0)
    with np.errstate(divide="ignore", over="ignore"):  # ln 0 = −∞ is meant, and beside ∞ e⁹⁹⁹ = ∞
        y = xp.log(total(xp.exp(x - shift), axis, True)) + shift
    return y if keepdims else y.reshape(top.max(axis=axis).shape)

def _logsumexp_rule(g, x, y, axis):
    """The softmax e^(x − y). Where y is ∞ all goes to what is ∞; where y is −∞, to nothing."""
    y = expand_as(y, x.shape, axis)
    infinite = abs(y) == math.inf
    attained = ((x == y) & (y > 0)).astype(x.dtype)
    shares = attained / maximum(sum_to(attained, shape=kept_shape(x.shape, axis)), 1.0)
    softmax = exp(where(infinite, 0.0, x) - where(infinite, 0.0, y))
    return expand_as(g, x.shape, axis) * where(infinite, shares, softmax)
logsumexp.defvjp(x=_logsumexp_rule)
logsumexp = in_single_precision(logsumexp)

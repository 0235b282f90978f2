"""Products of matrices, and the affine map y = x W + b.

Y = A B:      Ā = Ȳ Bᵀ      B̄ = Aᵀ Ȳ
"""

import math

import numpy as np

from minibig.autograd import Tensor, fusible, primitive, reshape
from minibig.backend import Array, InputError, promoted
from minibig.ops.operands import expect_one_dtype, expect_shape, in_single_precision

@primitive(broadcasts=True, name="matmul")
def batched_matmul(a: Array, b: Array, /) -> Array:
    """a @ b for two stacks of matrices whose leading axes broadcast."""
    a, b = promoted(a, b)
    if a.dtype == np.float16 and isinstance(a, np.ndarray):  # NumPy would add up in float16
        return (a.astype("float32") @ b.astype("float32")).astype("float16")
    return a @ b
batched_matmul.defvjp(a=lambda g, b: batched_matmul(g, b.swapaxes(-1, -2)),
                      b=lambda g, a: batched_matmul(a.swapaxes(-1, -2), g))

def matmul(a, b, /) -> Tensor:
    """a @ b as in NumPy: vectors, matrices, or stacks of matrices that broadcast.

    >>> mb.tensor([[1.0, 2.0]]) @ mb.tensor([[3.0], [4.0]])
    tensor([[11.]])
    """
    if a.ndim == 0 or b.ndim == 0 or a.shape[-1] != b.shape[-2 if b.ndim > 1 else 0]:
        raise InputError(f"matmul: a (..., N, K) needs b (..., K, M); got {a.shape} and {b.shape}.")
    if a.ndim == 1:
        product = matmul(reshape(a, (1, -1)), b)
        return reshape(product, product.shape[:-2] + product.shape[-1:] * (b.ndim > 1))
    if b.ndim == 1:
        return reshape(matmul(a, reshape(b, (-1, 1))), a.shape[:-1])
    if b.ndim == 2 and a.ndim > 2:  # one large product instead of a stack of small ones
        rows = math.prod(a.shape[:-1])
        product = batched_matmul(reshape(a, (rows, a.shape[-1])), b)
        return reshape(product, (*a.shape[:-1], b.shape[-1]))
    return batched_matmul(a, b)

def outer(a, b, /) -> Tensor:
    """aᵢ·bⱼ for all elements of a and all of b, as a matrix."""
    return reshape(a, (a.size, 1)) * reshape(b, (1, b.size))

@fusible
@in_single_precision
def linear(x, weight, bias=None, /):
    """x W + b, the affine map of a layer.

    Shapes:  x (..., D), weight (D, F), bias (F)  ->  (..., F).

    >>> mb.linear(mb.tensor([1.0, 2.0]), mb.tensor([[3.0], [4.0]]), mb.tensor([0.5]))
    tensor([11.5])
    """
    y = matmul(x, weight)
    return y if bias is None else y + bias

@linear.check
def _check_linear(x, weight, bias):
    if weight.ndim != 2 or x.shape[-1:] != weight.shape[:1]:
        got = f"{x.shape} and {weight.shape}"
        raise InputError(f"linear: x must have shape (..., D), weight (D, F); got {got}.")
    expect_one_dtype("linear", x=x, weight=weight, bias=bias)
    expect_shape("linear: bias", bias, weight.shape[1:])

@fusible
@in_single_precision
def feed_forward(x, w1, b1, w2, b2, /, *, activation):
    """activation(x W₁ + b₁) W₂ + b₂, the position-wise network of a Transformer block.

    A bias may be None: then nothing is added.

    Shapes:  x (..., D), w1 (D, F), b1 (F), w2 (F, E), b2 (E)  ->  (..., E).
    Source:  Vaswani et al. 2017, arXiv:1706.03762, eq. 2, where the activation is relu.

    >>> one = mb.ones((1, 1))
    >>> mb.feed_forward(mb.tensor([2.0]), one, -one[0], one, one[0], activation=mb.relu)
    tensor([2.])
    """
    return linear(activation(linear(x, w1, b1)), w2, b2)

@feed_forward.check
def _check_feed_forward(x, w1, b1, w2, b2, *, activation):
    _check_linear(x, w1, b1)
    expect_shape("feed_forward: w2", w2, (w1.shape[1], *w2.shape[-1:]))
    expect_shape("feed_forward: b2", b2, w2.shape[1:])
    expect_one_dtype("feed_forward", x=x, w2=w2, b2=b2)
    if not callable(activation):
        raise TypeError(f"feed_forward: activation must be a function; got {activation!r}.")

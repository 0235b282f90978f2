"""linear and feed_forward on NumPy: row blocks, bias and activation while they are in cache."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from minibig.backend import Array
from minibig.kernels.parallel import (
    column_sums,
    for_blocks,
    is_plain,
    product_rows,
    rows_of,
    transposed_product,
)
from minibig.ops import feed_forward, gelu_tanh, linear, relu


@linear.kernel("cpu")
def linear_forward(x, weight, bias, *, keep):
    if not is_plain(x, weight, bias) or not x.size or not weight.size:
        return NotImplemented
    rows = x.reshape(-1, x.shape[-1])  # (N, D)
    y = np.empty((len(rows), weight.shape[1]), x.dtype)

    def block(start: int, stop: int) -> None:
        np.matmul(rows[start:stop], weight, out=y[start:stop])
        if bias is not None:
            y[start:stop] += bias

    for_blocks(block, len(rows), product_rows(len(rows)))
    return y.reshape(*x.shape[:-1], weight.shape[1]), (x.shape, rows, weight)


@linear_forward.vjp
def linear_backward(g, residuals, *, needed, owned, last):
    shape, x, weight = residuals
    g = g.reshape(-1, weight.shape[1])
    x_grad = _product(g, weight.T).reshape(shape) if needed[0] else None
    if not needed[1]:
        weight_grad = None
    elif weight.flags.c_contiguous:
        weight_grad = transposed_product(x, g)
    else:  # a transposed view, such as a tied embedding: its gradient in its own layout
        weight_grad = transposed_product(g, x).T
    return x_grad, weight_grad, column_sums(g) if needed[2] else None


def _product(a: Array, b: Array) -> Array:
    y = np.empty((a.shape[0], b.shape[1]), a.dtype)
    for_blocks(lambda i, j: np.matmul(a[i:j], b, out=y[i:j]), len(a), product_rows(len(a)))
    return y


def _relu_in_place(u: Array, y: Array) -> None:
    """y = max(0, u); u becomes the derivative."""
    np.maximum(u, 0, out=y)
    np.greater(u, 0, out=u)


def _gelu_tanh_in_place(u: Array, y: Array) -> None:
    """y = gelu_tanh(u); u becomes the derivative.

    1 + tanh z = 2σ(2z), so y = u·s with s = σ(2z), z = √(2/π)(u + 0.044715u³): one exponential.
    The derivative is s + y·(1 − s)·2z', with 2z' = 2√(2/π)(1 + 3·0.044715u²).
    """
    c = 2 * math.sqrt(2 / math.pi)
    s = np.multiply(u, u)
    s *= -c * 0.044715
    slope = s * -3.0
    slope += c
    s -= c
    s *= u
    np.exp(s, out=s)
    s += 1
    np.reciprocal(s, out=s)
    np.multiply(u, s, out=y)
    np.subtract(1, s, out=u)
    u *= y
    u *= slope
    u += s


_IN_PLACE: dict[Any, Callable[[Array, Array], None]] = {
    relu: _relu_in_place,
    gelu_tanh: _gelu_tanh_in_place,
}


@feed_forward.kernel("cpu")
def feed_forward_forward(x, w1, b1, w2, b2, *, keep, activation):
    activate = _IN_PLACE.get(activation)
    if activate is None or not is_plain(x, w1, b1, w2, b2) or not x.size or not w1.size:
        return NotImplemented
    rows = x.reshape(-1, x.shape[-1])  # (N, D)
    N, F = len(rows), w1.shape[1]
    u, a = np.empty((N, F), x.dtype), np.empty((N, F), x.dtype)
    y = np.empty((N, w2.shape[1]), x.dtype)
    small = rows_of(N, F)

    def block(start: int, stop: int) -> None:
        np.matmul(rows[start:stop], w1, out=u[start:stop])
        for i in range(start, stop, small):
            part = slice(i, min(i + small, stop))
            u[part] += b1
            with np.errstate(over="ignore"):  # e^(−2z) = ∞ gives s = 0, which is right
                activate(u[part], a[part])
        np.matmul(a[start:stop], w2, out=y[start:stop])
        y[start:stop] += b2

    for_blocks(block, N, product_rows(N))
    return y.reshape(*x.shape[:-1], w2.shape[1]), (x.shape, rows, w1, w2, u, a)


@feed_forward_forward.vjp
def feed_forward_backward(g, residuals, *, needed, owned, last, activation):
    shape, x, w1, w2, slope, a = residuals
    g = g.reshape(-1, w2.shape[1])  # (N, D)
    u_grad = np.empty_like(slope)
    x_grad = np.empty_like(x) if needed[0] else None

    def block(start: int, stop: int) -> None:
        np.matmul(g[start:stop], w2.T, out=u_grad[start:stop])
        u_grad[start:stop] *= slope[start:stop]
        if x_grad is not None:
            np.matmul(u_grad[start:stop], w1.T, out=x_grad[start:stop])

    for_blocks(block, len(g), product_rows(len(g)))
    return (
        None if x_grad is None else x_grad.reshape(shape),
        transposed_product(x, u_grad) if needed[1] else None,
        column_sums(u_grad) if needed[2] else None,
        transposed_product(a, g) if needed[3] else None,
        column_sums(g) if needed[4] else None,
    )

"""linear and feed_forward: products by blocks on all cores, the bias added in cache."""

import math
from typing import Any

import numpy as np

from minibig.autograd.tensors import Pattern
from minibig.backend import Array, total
from minibig.kernels.loops import CompiledLoop, loop
from minibig.kernels.parallel import Task, as_rows, blocks, for_blocks, is_plain, rows_of, run_tasks
from minibig.ops import feed_forward, gelu, gelu_tanh, linear, relu, silu


def product_rows(n: int, least: int = 4) -> int:
    """How many of n rows, or columns, of a product make a block: 64 to 512.

    The number of blocks is a multiple of `least`, if there are enough rows. BLAS brings an operand
    into another order for each block: where several products run at once, 2 of each are enough.
    """
    n_blocks = least * -(-n // (512 * least))
    return max(64, -(-n // n_blocks))


FEW = 16  # rows: a product of no more takes about as long as its weight takes to be read
_PART = 1 << 17  # numbers of a weight that a block of such a product reads, at least


@loop
def rows_product(x, w, start, stop, y):
    """y = x w, of the columns of x and the rows of w from start to stop.

    Shapes:  x (N, D), w (D, F)  ->  y (N, F).
    """
    np.matmul(x[:, start:stop], w[start:stop], out=y)


@loop
def rows_transposed_product(x, w, start, stop, y):
    """y = x wᵀ, of the rows of w, and the columns of y, from start to stop.

    Shapes:  x (N, D), w (F, D)  ->  y (N, F).
    """
    np.matmul(x, w[start:stop].T, out=y[:, start:stop])


def few_rows_product(x: Array, weight: Array) -> Array:
    """x W for few rows x: at most four blocks of W at a time are read, each as it lies in memory.

    Shapes:  x (N, D), weight (D, F), also as a transposed view  ->  (N, F).
    """
    D, F = weight.shape
    if weight.flags.c_contiguous:
        size = max(-(-D // 4), _PART // F)
        parts = np.empty((-(-D // size), len(x), F), x.dtype)
        for_blocks(lambda i, j: rows_product(x, weight, i, j, parts[i // size]), D, size)
        return parts[0] if len(parts) == 1 else np.add.reduce(parts, axis=0)
    y = np.empty((len(x), F), x.dtype)
    rows = np.ascontiguousarray(weight.T)
    size = max(-(-F // 16), _PART // D)
    for_blocks(lambda i, j: rows_transposed_product(x, rows, i, j, y), F, size)
    return y


def affine(x: Array, weight: Array, bias: Array | None) -> Array:
    """x W + b, or x W: by blocks of rows, or of the weight if there are few rows.

    Shapes:  x (N, D), weight (D, F), bias (F)  ->  (N, F).
    """
    N, F = len(x), weight.shape[1]
    if N <= FEW:
        y = few_rows_product(x, weight)
        return y if bias is None else np.add(y, bias, out=y)
    y = np.empty((N, F), x.dtype)

    def block(i: int, j: int) -> None:
        np.matmul(x[i:j], weight, out=y[i:j])
        if bias is not None:
            y[i:j] += bias

    for_blocks(block, N, product_rows(N))
    return y


def product(a: Array, b: Array, y: Array) -> list[Task]:
    """y = a b, one of several products: tasks for `run_tasks`, blocks of rows."""
    return blocks(lambda i, j: np.matmul(a[i:j], b, out=y[i:j]), len(a), product_rows(len(a), 2))


def transposed_product(x: Array, g: Array, y: Array) -> list[Task]:
    """y = xᵀ g, a weight's gradient: tasks for `run_tasks`.

    Shapes:  x (N, D), g (N, F)  ->  y (D, F).
    """
    D, F = y.shape
    if D >= F:
        return blocks(lambda i, j: np.matmul(x[:, i:j].T, g, out=y[i:j]), D, product_rows(D, 2))
    return blocks(lambda i, j: np.matmul(x.T, g[:, i:j], out=y[:, i:j]), F, product_rows(F, 2))


@loop
def sum_rows(x, start, stop, y):
    """y = Σ over the rows of x, for the columns from start to stop.

    Shapes:  x (N, F)  ->  y (F).
    """
    y[start:stop] = total(x[:, start:stop], axis=0)


def column_sums(g: Array, y: Array) -> list[Task]:
    """y = Σ over the rows of g, a bias's gradient: tasks for `run_tasks`."""
    N, F = g.shape
    return blocks(lambda i, j: sum_rows(g, i, j, y), F, max(1, (1 << 19) // N))


def affine_gradients(x: Array, weight: Array, g: Array, needed: Pattern) -> Any:
    """The gradients of x, W and b in y = x W + b, or None, and the tasks that compute them.

    That of a transposed view, such as a tied embedding, is laid out as the view is.

    Shapes:  x (N, D), weight (D, F), g (N, F).
    """
    x_grad, weight_grad, bias_grad = (
        np.empty_like(like) if wanted else None
        for like, wanted in zip((x, weight, g[0]), needed, strict=True)
    )
    tasks: list[Task] = []
    if x_grad is not None:
        tasks += product(g, weight.T, x_grad)
    if weight_grad is not None and weight.flags.c_contiguous:
        tasks += transposed_product(x, g, weight_grad)
    elif weight_grad is not None:
        tasks += transposed_product(g, x, weight_grad.T)
    if bias_grad is not None:
        tasks += column_sums(g, bias_grad)
    return x_grad, weight_grad, bias_grad, tasks


@linear.kernel("cpu")
def linear_forward(x, weight, bias, *, keep):
    if not is_plain(x, weight, bias) or not x.size or not weight.size:
        return NotImplemented
    rows = as_rows(x)  # (N, D)
    y = affine(rows, weight, bias)
    return y.reshape(*x.shape[:-1], -1), (x.shape, rows, weight)


@linear_forward.vjp
def linear_backward(g, residuals, *, needed, owned, last):
    shape, x, weight = residuals
    x_grad, weight_grad, bias_grad, tasks = affine_gradients(x, weight, as_rows(g), needed)
    run_tasks(tasks)
    return None if x_grad is None else x_grad.reshape(shape), weight_grad, bias_grad


@loop
def gelu_tanh_rows(u, bias, y):
    """y = gelu_tanh(u + bias);  u becomes the derivative.

    With s = σ(2z) = (1 + tanh z)/2, 2z = 2√(2/π)(u + 0.044715u³), there is one exponential:
    y = u·s,  y' = s + y·(1 − s)·2z'.
    """
    c = 2 * math.sqrt(2 / math.pi)
    u += bias
    s = np.multiply(u, u)
    s *= -c * 0.044715
    slope = s * -3.0
    slope += c
    s -= c
    s *= u
    with np.errstate(over="ignore"):  # e^(−2z) = ∞ gives s = 0, which is right
        np.exp(s, out=s)
    s += 1
    np.reciprocal(s, out=s)
    np.multiply(u, s, out=y)
    np.subtract(1, s, out=u)
    u *= y
    u *= slope
    u += s


_LOOPS: dict[Any, CompiledLoop] = {
    relu: CompiledLoop(__name__, "relu_rows"),
    gelu_tanh: gelu_tanh_rows,
    gelu: CompiledLoop(__name__, "gelu_rows"),
    silu: CompiledLoop(__name__, "silu_rows"),
}


@feed_forward.kernel("cpu")
def feed_forward_forward(x, w1, b1, w2, b2, *, keep, activation):
    activate = _LOOPS.get(activation)
    if activate is None or not activate.takes(x, w1, b1, w2, b2):
        return NotImplemented
    if not (x.size and w1.size and w2.size):
        return NotImplemented
    rows = as_rows(x)  # (N, D)
    N, F = len(rows), w1.shape[1]
    bias = np.zeros(F, x.dtype) if b1 is None else np.ascontiguousarray(b1)
    u = affine(rows, w1, None)
    a = np.empty_like(u)
    for_blocks(lambda i, j: activate(u[i:j], bias, a[i:j]), N, rows_of(N, F))
    y = affine(a, w2, b2)
    return y.reshape(*x.shape[:-1], -1), (x.shape, rows, w1, w2, u, a)


@loop
def multiply_columns(g, slope, start, stop, sums):
    """g becomes g·slope,  sums = Σ over its rows,  for the columns from start to stop.

    Shapes:  slope (N, F)  ->  g (N, F), sums (F).
    """
    g[:, start:stop] *= slope[:, start:stop]
    sum_rows(g, start, stop, sums)


@feed_forward_forward.vjp
def feed_forward_backward(g, residuals, *, needed, owned, last, activation):
    shape, x, w1, w2, slope, a = residuals
    g = as_rows(g)  # (N, E)
    F = len(w2)
    u_grad, b1_grad = np.empty_like(slope), np.empty(F, g.dtype)

    def block(start: int, stop: int) -> None:
        np.matmul(g, w2[start:stop].T, out=u_grad[:, start:stop])
        multiply_columns(u_grad, slope, start, stop, b1_grad)

    for_blocks(block, F, product_rows(F))
    x_grad, w1_grad, _, first = affine_gradients(x, w1, u_grad, (*needed[:2], False))
    _, w2_grad, b2_grad, second = affine_gradients(a, w2, g, (False, *needed[3:]))
    run_tasks(first + second)
    x_grad = None if x_grad is None else x_grad.reshape(shape)
    return x_grad, w1_grad, b1_grad if needed[2] else None, w2_grad, b2_grad

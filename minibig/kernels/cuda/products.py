"""linear and feed_forward on CUDA: cuBLAS multiplies; bias, activation and sums are kernels."""

from typing import Any

from minibig.backend import Array, namespace
from minibig.kernels.cuda.compilation import contiguous, launch, parts_of, real, takes
from minibig.ops import feed_forward, gelu_tanh, linear, relu


def column_sums(g: Array) -> Array:
    """The sums over the rows of g, in parts that depend on its shape only.

    Shapes:  g (N, F), contiguous  ->  (F).
    """
    N, F = g.shape
    parts, size = parts_of(N)
    sums = namespace(g).empty((parts, F), real(g))
    launch("products.cu", "column_sums", like=g)(
        (-(-F // 32), parts), (32, 8), (g, sums, N, F, size)
    )
    return sums.sum(axis=0).astype(g.dtype, copy=False)


@linear.kernel("cuda")
def linear_forward(x, weight, bias, *, keep):
    if not takes(x, weight, bias):
        return NotImplemented
    rows = x.reshape(-1, x.shape[-1])  # (N, D)
    y = rows @ weight
    if bias is not None:
        y += bias
    return y.reshape(*x.shape[:-1], weight.shape[1]), (x.shape, rows, weight)


@linear_forward.vjp
def linear_backward(g, residuals, *, needed, owned, last):
    shape, x, weight = residuals
    g = contiguous(g).reshape(-1, weight.shape[1])  # (N, F)
    weight_grad = None
    if needed[1]:  # of a transposed view, such as a tied embedding, in the view's own layout
        weight_grad = x.T @ g if weight.flags.c_contiguous else (g.T @ x).T
    return (
        (g @ weight.T).reshape(shape) if needed[0] else None,
        weight_grad,
        column_sums(g) if needed[2] else None,
    )


_KERNELS: dict[Any, str] = {relu: "relu", gelu_tanh: "gelu_tanh"}


@feed_forward.kernel("cuda")
def feed_forward_forward(x, w1, b1, w2, b2, *, keep, activation):
    name = _KERNELS.get(activation)
    if name is None or not takes(x, w1, b1, w2, b2):
        return NotImplemented
    xp = namespace(x)
    rows = x.reshape(-1, x.shape[-1])  # (N, D)
    u = rows @ w1  # (N, F); the kernel puts the slope of the activation in its place
    a = xp.empty_like(u)
    launch("products.cu", name, like=u)(
        (-(-u.size // 256),),
        (256,),
        (u, None if b1 is None else contiguous(b1), a, u.size, u.shape[1]),
    )
    y = a @ w2
    if b2 is not None:
        y += b2
    return y.reshape(*x.shape[:-1], w2.shape[1]), (x.shape, rows, w1, w2, u, a)


@feed_forward_forward.vjp
def feed_forward_backward(g, residuals, *, needed, owned, last, activation):
    shape, x, w1, w2, slope, a = residuals
    g = contiguous(g).reshape(-1, w2.shape[1])  # (N, D)
    u_grad = g @ w2.T
    u_grad *= slope
    return (
        (u_grad @ w1.T).reshape(shape) if needed[0] else None,
        x.T @ u_grad if needed[1] else None,
        column_sums(u_grad) if needed[2] else None,
        a.T @ g if needed[3] else None,
        column_sums(g) if needed[4] else None,
    )

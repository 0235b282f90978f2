"""layer_norm and rms_norm: one pass over blocks of rows that stay in cache.

rms_norm is layer_norm that is not centred: with μ = 0, and without a bias.
"""

import numpy as np

from minibig.backend import total
from minibig.kernels.loops import loop
from minibig.kernels.parallel import as_rows, for_blocks, is_plain, rows_of
from minibig.kernels.products import sum_rows
from minibig.ops import layer_norm, rms_norm


@loop
def norm_rows(x, weight, bias, eps, centred, x_hat, r, y):
    """x̂ = (x − μ)·r,  r = 1/√(mean (x − μ)² + ε),  y = x̂·weight + bias;  μ = mean x if centred."""
    averaging = np.full(x.shape[1], 1 / x.shape[1], x.dtype)
    x_hat[:] = x
    if centred:
        x_hat -= (x_hat @ averaging)[:, None]
        x_hat -= (x_hat @ averaging)[:, None]  # the mean itself was rounded
    r[:] = 1 / np.sqrt(np.vecdot(x_hat, x_hat) * averaging[0] + eps)
    x_hat *= r[:, None]
    np.multiply(x_hat, weight, out=y)
    y += bias


@loop
def norm_gradients(g, x_hat, r, weight, centred, x_grad, scale_grads):
    """∂L/∂x = r·(ĝ − μ − x̂·mean(ĝ·x̂)),  ĝ = g·weight;  μ = mean ĝ if centred.

    scale_grads = (Σ g·x̂, Σ g), those of weight and bias; the sums run over the rows that are here.
    """
    D = g.shape[1]
    averaged_weight = weight * (1 / D)
    along = g * x_hat
    sum_rows(along, 0, D, scale_grads[0])
    sum_rows(g, 0, D, scale_grads[1])
    np.multiply(x_hat, (along @ averaged_weight)[:, None], out=along)
    if centred:
        along += (g @ averaged_weight)[:, None]
    np.multiply(g, weight, out=x_grad)
    x_grad -= along
    x_grad *= r[:, None]


def _norm(x, weight, bias, eps, centred):
    """y and the residuals, by blocks of rows."""
    if not is_plain(x, weight, bias) or not x.size:
        return NotImplemented
    rows = as_rows(x)
    N, D = rows.shape
    weight = np.ones(D, x.dtype) if weight is None else np.ascontiguousarray(weight)
    bias = np.zeros(D, x.dtype) if bias is None else np.ascontiguousarray(bias)
    x_hat, y, r = np.empty_like(rows), np.empty_like(rows), np.empty(N, x.dtype)

    def block(i: int, j: int) -> None:
        norm_rows(rows[i:j], weight, bias, eps, centred, x_hat[i:j], r[i:j], y[i:j])

    for_blocks(block, N, rows_of(N, D))
    return y.reshape(x.shape), (x.shape, x_hat, r, weight)


def _gradients(g, residuals, centred):
    """The gradients of x, weight and bias; the last two are sums over all rows."""
    shape, x_hat, r, weight = residuals
    N, D = x_hat.shape
    g, x_grad = as_rows(g), np.empty_like(x_hat)
    size = rows_of(N, D)
    parts = np.empty((-(-N // size), 2, D), x_hat.dtype)

    def block(i: int, j: int) -> None:
        scales = parts[i // size]
        norm_gradients(g[i:j], x_hat[i:j], r[i:j], weight, centred, x_grad[i:j], scales)

    for_blocks(block, N, size)
    return x_grad.reshape(shape), *total(parts, axis=0)


@layer_norm.kernel("cpu")
def layer_norm_forward(x, weight, bias, *, keep, eps):
    return _norm(x, weight, bias, eps, centred=True)


@layer_norm_forward.vjp
def layer_norm_backward(g, residuals, *, needed, owned, last, eps):
    return _gradients(g, residuals, centred=True)


@rms_norm.kernel("cpu")
def rms_norm_forward(x, weight, *, keep, eps):
    return _norm(x, weight, None, eps, centred=False)


@rms_norm_forward.vjp
def rms_norm_backward(g, residuals, *, needed, owned, last, eps):
    return _gradients(g, residuals, centred=False)[:2]

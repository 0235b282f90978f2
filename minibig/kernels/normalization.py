"""layer_norm and rms_norm: one pass over blocks of rows that stay in cache."""

import numpy as np

from minibig.backend import total
from minibig.kernels.loops import CompiledLoop, loop
from minibig.kernels.parallel import as_rows, for_blocks, is_plain, rows_of
from minibig.kernels.products import sum_rows
from minibig.ops import layer_norm, rms_norm


@loop
def layer_norm_rows(x, weight, bias, eps, x_hat, r, y):
    """x̂ = (x − μ)·r,  r = 1/√(var x + ε),  y = x̂·weight + bias."""
    D = x.shape[1]
    averaging = np.full(D, 1 / D, x.dtype)
    np.subtract(x, (x @ averaging)[:, None], out=x_hat)
    x_hat -= (x_hat @ averaging)[:, None]  # the mean itself was rounded
    variance = np.vecdot(x_hat, x_hat)
    variance *= 1 / D
    variance += eps
    np.divide(1, np.sqrt(variance), out=r)
    x_hat *= r[:, None]
    np.multiply(x_hat, weight, out=y)
    y += bias


@loop
def layer_norm_gradients(g, x_hat, r, weight, x_grad, weight_grad, bias_grad):
    """∂L/∂x = r·(ĝ − mean ĝ − x̂·mean(ĝ·x̂)),  ĝ = g·weight;  ∂L/∂weight = Σ g·x̂,  ∂L/∂bias = Σ g.

    The sums run over the rows that are here.
    """
    D = g.shape[1]
    averaged_weight = weight * (1 / D)
    along = g * x_hat
    sum_rows(along, 0, D, weight_grad)
    sum_rows(g, 0, D, bias_grad)
    np.multiply(x_hat, (along @ averaged_weight)[:, None], out=along)
    along += (g @ averaged_weight)[:, None]
    np.multiply(g, weight, out=x_grad)
    x_grad -= along
    x_grad *= r[:, None]


rms_norm_rows = CompiledLoop(__name__, "rms_norm_rows")
rms_norm_gradients = CompiledLoop(__name__, "rms_norm_gradients")


def _normalized(rows_loop, x, scales, eps):
    """y and the residuals of a norm, by blocks of rows; scales: the weight, and the bias if any."""
    rows = as_rows(x)
    N, D = rows.shape
    x_hat, y, r = np.empty_like(rows), np.empty_like(rows), np.empty(N, x.dtype)

    def block(i: int, j: int) -> None:
        rows_loop(rows[i:j], *scales, eps, x_hat[i:j], r[i:j], y[i:j])

    for_blocks(block, N, rows_of(N, D))
    return y.reshape(x.shape), (x.shape, x_hat, r, scales[0])


def _gradients(gradients_loop, g, residuals, n_scales):
    """The gradient of x and those of the scales, which are sums over all rows."""
    shape, x_hat, r, weight = residuals
    N, D = x_hat.shape
    g, x_grad = as_rows(g), np.empty_like(x_hat)
    size = rows_of(N, D)
    parts = np.empty((n_scales, -(-N // size), D), x_hat.dtype)

    def block(i: int, j: int) -> None:
        sums = parts[:, i // size]
        gradients_loop(g[i:j], x_hat[i:j], r[i:j], weight, x_grad[i:j], *sums)

    for_blocks(block, N, size)
    return x_grad.reshape(shape), *total(parts, axis=1)


def _vector(number, scale, x):
    """A weight or bias as a vector: this number in every place if there is none."""
    D = x.shape[-1]
    return np.full(D, number, x.dtype) if scale is None else np.ascontiguousarray(scale)


@layer_norm.kernel("cpu")
def layer_norm_forward(x, weight, bias, *, keep, eps):
    if not is_plain(x, weight, bias) or not x.size:
        return NotImplemented
    return _normalized(layer_norm_rows, x, (_vector(1, weight, x), _vector(0, bias, x)), eps)


@layer_norm_forward.vjp
def layer_norm_backward(g, residuals, *, needed, owned, last, eps):
    return _gradients(layer_norm_gradients, g, residuals, 2)


@rms_norm.kernel("cpu")
def rms_norm_forward(x, weight, *, keep, eps):
    both = rms_norm_rows.takes(x, weight) and rms_norm_gradients.takes(x)
    if not both or not x.size:
        return NotImplemented
    return _normalized(rms_norm_rows, x, (_vector(1, weight, x),), eps)


@rms_norm_forward.vjp
def rms_norm_backward(g, residuals, *, needed, owned, last, eps):
    return _gradients(rms_norm_gradients, g, residuals, 1)

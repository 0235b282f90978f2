"""layer_norm on NumPy: one pass over row blocks that stay in cache."""

import numpy as np

from minibig.backend import total
from minibig.kernels.parallel import BLOCK, for_blocks, is_plain, rows_of
from minibig.kernels.products import sum_rows
from minibig.ops import layer_norm


@layer_norm.kernel("cpu")
def forward(x, weight, bias, *, keep, eps):
    if not is_plain(x, weight, bias) or not x.size:
        return NotImplemented
    D = x.shape[-1]
    rows, averaging = x.reshape(-1, D), np.full(D, 1 / D, x.dtype)
    x_hat, y = np.empty_like(rows), np.empty_like(rows)
    r = np.empty((len(rows), 1), x.dtype)  # 1/σ

    def block(start: int, stop: int) -> None:
        part = slice(start, stop)
        centred = x_hat[part]
        np.subtract(rows[part], (rows[part] @ averaging)[:, None], out=centred)
        centred -= (centred @ averaging)[:, None]  # the mean itself was rounded
        variance = np.vecdot(centred, centred)[:, None]
        variance *= 1 / D
        variance += eps
        np.divide(1, np.sqrt(variance), out=r[part])
        centred *= r[part]
        if weight is None:
            y[part] = centred
        else:
            np.multiply(centred, weight, out=y[part])
        if bias is not None:
            y[part] += bias

    for_blocks(block, len(rows), rows_of(len(rows), D, 2 * BLOCK))
    return y.reshape(x.shape), (x.shape, x_hat, r, weight)


@forward.vjp
def backward(g, residuals, *, needed, owned, last, eps):
    shape, x_hat, r, weight = residuals
    N, D = x_hat.shape
    g, x_grad = g.reshape(N, D), np.empty_like(x_hat)
    averaged_weight = np.full(D, 1 / D, x_hat.dtype) if weight is None else weight * (1 / D)
    size = rows_of(N, D, 2 * BLOCK)
    weight_parts, bias_parts = np.empty((2, -(-N // size), D), x_hat.dtype)

    def block(start: int, stop: int) -> None:
        part = slice(start, stop)
        out = x_grad[part]
        along = g[part] * x_hat[part]
        if needed[1]:
            sum_rows(along, weight_parts[start // size])
        if needed[2]:
            sum_rows(g[part], bias_parts[start // size])
        np.multiply(x_hat[part], (along @ averaged_weight)[:, None], out=along)
        along += (g[part] @ averaged_weight)[:, None]
        if weight is None:
            np.subtract(g[part], along, out=out)
        else:
            np.multiply(g[part], weight, out=out)
            out -= along
        out *= r[part]

    for_blocks(block, N, size)
    return (
        x_grad.reshape(shape),
        total(weight_parts, axis=0) if needed[1] else None,
        total(bias_parts, axis=0) if needed[2] else None,
    )

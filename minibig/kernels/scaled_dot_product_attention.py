"""attention on NumPy: blocks of heads and queries; what a causal query may not see is skipped."""

import math

import numpy as np

from minibig.autograd import sum_to
from minibig.backend import Array
from minibig.kernels.parallel import BLOCK, for_blocks, is_plain
from minibig.ops import attention

_ROWS = 64  # queries in a block; with causal, its keys end where its last query's end


def _blocks(B: int, H: int, T: int, S: int) -> list[tuple[slice, slice]]:
    """The examples and the heads of each block, so that its scores stay in cache."""
    heads = max(1, min(H, BLOCK // max(1, min(T, _ROWS) * S)))
    examples = max(1, min(B, BLOCK // max(1, H * min(T, _ROWS) * S))) if heads == H else 1
    return [
        (slice(b, min(b + examples, B)), slice(h, min(h + heads, H)))
        for b in range(0, B, examples)
        for h in range(0, H, heads)
    ]


@attention.kernel("cpu")
def forward(q, k, v, bias, *, keep, causal, scale, return_weights):
    if bias is not None and bias.ndim > q.ndim:
        return NotImplemented
    same = q.ndim >= 3 and q.shape[:-2] == k.shape[:-2] == v.shape[:-2]
    if return_weights or not same or not is_plain(q, k, v, bias) or not (q.size and v.size):
        return NotImplemented
    *outer, H, T, K = q.shape
    S, U = v.shape[-2:]
    scale = 1 / math.sqrt(K or 1) if scale is None else scale
    q, k, v = (x.reshape(-1, *x.shape[-3:]) for x in (q, k, v))  # (B, H, T or S, K or U)
    B = len(q)
    bias_shape = None if bias is None else bias.shape
    if bias is not None:
        bias = np.broadcast_to(bias, (*outer, H, T, S)).reshape(B, H, T, S)
    y = np.empty((B, T, H, U), q.dtype).transpose(0, 2, 1, 3)  # laid out as the next layer reads it
    weights = np.empty((B, H, T, S), q.dtype) if keep else None
    blocks, rows = _blocks(B, H, T, S), min(T, _ROWS)
    mask = _diagonal(rows, q.dtype) if causal else None
    ones = np.ones((S, 1), q.dtype)  # a product with ones sums faster than add.reduce

    def block(start: int, stop: int) -> None:
        for b, group in blocks[start:stop]:
            for i in range(0, T, rows):
                j = min(i + rows, T)
                seen = j + S - T if causal else S
                p = None if weights is None else weights[b, group, i:j, :seen]
                scaled = q[b, group, i:j] * q.dtype.type(scale)
                p = np.matmul(scaled, k[b, group, :seen].swapaxes(-1, -2), out=p)
                if bias is not None:
                    p += bias[b, group, i:j, :seen]
                if mask is not None:
                    p[..., i + S - T :] += mask[: j - i, : j - i]
                top = np.maximum.reduce(p, axis=-1, keepdims=True)
                if bias is not None:  # only a bias can hide all keys of a query
                    top[top == -np.inf] = 0
                p -= top
                np.exp(p, out=p)
                sums = np.matmul(p, ones[:seen])
                if bias is not None:
                    sums[sums == 0] = 1
                p *= 1 / sums
                np.matmul(p, v[b, group, :seen], out=y[b, group, i:j])

    for_blocks(block, len(blocks), 1)
    return y.reshape(*outer, H, T, U), (q, k, v, y, weights, scale, outer, bias_shape)


def _diagonal(n: int, dtype: np.dtype) -> Array:
    """−∞ above the diagonal of an n x n block, 0 elsewhere."""
    return np.triu(np.full((n, n), -np.inf, dtype), 1)


@forward.vjp
def backward(g, residuals, *, needed, owned, last, causal, scale, return_weights):
    q, k, v, y, weights, scale, outer, bias_shape = residuals
    B, H, T, K = q.shape
    S, U = v.shape[-2:]
    g = g.reshape(B, H, T, U)
    q_grad = np.empty((B, T, H, K), q.dtype).transpose(0, 2, 1, 3)
    k_grad = np.empty((B, S, H, K), q.dtype).transpose(0, 2, 1, 3)
    v_grad = np.empty((B, S, H, U), q.dtype).transpose(0, 2, 1, 3)
    s_grad = np.zeros((B, H, T, S), q.dtype) if needed[3] else None
    blocks, rows = _blocks(B, H, T, S), min(T, _ROWS)

    def block(start: int, stop: int) -> None:
        for b, group in blocks[start:stop]:
            for i in reversed(range(0, T, rows)):  # the last queries see every key: they go first
                j = min(i + rows, T)
                seen = j + S - T if causal else S
                p, above = weights[b, group, i:j, :seen], g[b, group, i:j]
                s = np.matmul(above, v[b, group, :seen].swapaxes(-1, -2))
                s -= np.einsum("bhiu,bhiu->bhi", above, y[b, group, i:j])[..., None]
                s *= p
                if s_grad is not None:
                    s_grad[b, group, i:j, :seen] = s
                s *= s.dtype.type(scale)
                np.matmul(s, k[b, group, :seen], out=q_grad[b, group, i:j])
                into_k, into_v = k_grad[b, group, :seen], v_grad[b, group, :seen]
                if j == T:
                    np.matmul(s.swapaxes(-1, -2), q[b, group, i:j], out=into_k)
                    np.matmul(p.swapaxes(-1, -2), above, out=into_v)
                else:
                    into_k += np.matmul(s.swapaxes(-1, -2), q[b, group, i:j])
                    into_v += np.matmul(p.swapaxes(-1, -2), above)

    for_blocks(block, len(blocks), 1)
    grads = [x.reshape(*outer, *x.shape[1:]) for x in (q_grad, k_grad, v_grad)]
    if s_grad is None:
        return *grads, None
    return *grads, sum_to(s_grad.reshape(*outer, H, T, S), shape=bias_shape)

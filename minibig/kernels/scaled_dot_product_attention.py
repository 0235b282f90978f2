"""attention on NumPy: blocks of heads and queries; what a causal query may not see is skipped."""

import math

import numpy as np

from minibig.autograd import sum_to
from minibig.backend import Array
from minibig.kernels.loops import loop
from minibig.kernels.parallel import BLOCK, for_blocks, is_plain, rows_of
from minibig.ops import attention

_ROWS = 64  # queries in a block; with causal, its keys end where its last query's end


def _blocks(B: int, H: int, T: int, S: int, K: int) -> list[tuple[slice, slice]]:
    """The examples and the heads of each block, so that its scores stay in cache.

    Where there is enough to do there are four at least: so one query of many keys, a token that
    reads a cache, is on several cores, too.
    """
    most = min(BLOCK // (min(T, _ROWS) * S), max(B * H // 4, 3 * BLOCK // (T * S * K)))
    heads, examples = rows_of(H, 1, most), rows_of(B, H, most)
    return [
        (slice(b, min(b + examples, B)), slice(h, min(h + heads, H)))
        for b in range(0, B, examples)
        for h in range(0, H, heads)
    ]


def _queries(T: int, S: int, causal: bool) -> list[tuple[int, int, int]]:
    """For each block of queries: the first, the one after the last, and how many keys it sees."""
    ends = [(i, min(i + _ROWS, T)) for i in range(0, T, _ROWS)]
    return [(i, j, j + S - T if causal else S) for i, j in ends]


@loop
def softmax_rows(p, causal):
    """p = softmax(p) along the last axis.

    With causal the last query sees all keys, the one before it all but one, and so on. A query that
    may see nothing gets 0 everywhere.
    """
    rows, S = p.shape[-2:]
    if causal:
        p[..., S - rows :] += np.triu(np.full((rows, rows), -np.inf, p.dtype), 1)
    top = np.maximum.reduce(p, axis=-1, keepdims=True)
    top[top == -np.inf] = 0
    p -= top
    np.exp(p, out=p)
    sums = np.matmul(p, np.ones((S, 1), p.dtype))  # a product with ones is faster than add.reduce
    sums[sums == 0] = 1
    p *= 1 / sums


@loop
def softmax_gradients(g, p):
    """g = p·(g − Σ g·p): the gradient of the scores from that of p."""
    g -= np.vecdot(g, p)[..., None]
    g *= p


@attention.kernel("cpu")
def forward(q, k, v, bias, *, keep, causal, scale, return_weights):
    if bias is not None and bias.ndim > q.ndim:
        return NotImplemented
    same = q.ndim >= 3 and q.shape[:-2] == k.shape[:-2] == v.shape[:-2]
    if return_weights or not same or not is_plain(q, k, v, bias) or not (q.size and v.size):
        return NotImplemented
    *outer, H, T, K = q.shape
    S, U = v.shape[-2:]
    scale = q.dtype.type(1 / math.sqrt(K or 1) if scale is None else scale)
    q, k, v = (x.reshape(-1, *x.shape[-3:]) for x in (q, k, v))  # (B, H, T or S, K or U)
    B = len(q)
    bias_shape = None if bias is None else bias.shape
    if bias is not None:
        bias = np.broadcast_to(bias, (*outer, H, T, S)).reshape(B, H, T, S)
    y = np.empty((B, T, H, U), q.dtype).transpose(0, 2, 1, 3)  # laid out as the next layer reads it
    blocks = _blocks(B, H, T, S, K)
    weights: dict[tuple[int, int], Array] = {}  # of a block and its queries from i on

    def block(n: int, _: int) -> None:
        b, group = blocks[n]
        for i, j, seen in _queries(T, S, causal):
            scaled, keys = q[b, group, i:j] * scale, k[b, group, :seen].swapaxes(-1, -2)
            p = np.matmul(scaled, keys, out=np.empty((*scaled.shape[:-1], seen), q.dtype))
            if bias is not None:
                p += bias[b, group, i:j, :seen]
            softmax_rows(p.reshape(-1, j - i, seen), causal)
            np.matmul(p, v[b, group, :seen], out=y[b, group, i:j])
            if keep:
                weights[n, i] = p

    for_blocks(block, len(blocks), 1)
    return y.reshape(*outer, H, T, U), (q, k, v, weights, scale, outer, bias_shape)


@forward.vjp
def backward(g, residuals, *, needed, owned, last, causal, scale, return_weights):
    q, k, v, weights, scale, outer, bias_shape = residuals
    B, H, T, K = q.shape
    S, U = v.shape[-2:]
    g = g.reshape(B, H, T, U)
    q_grad = np.empty((B, T, H, K), q.dtype).transpose(0, 2, 1, 3)
    k_grad = np.empty((B, S, H, K), q.dtype).transpose(0, 2, 1, 3)
    v_grad = np.empty((B, S, H, U), q.dtype).transpose(0, 2, 1, 3)
    if q.shape == v.shape:  # side by side, as one product makes q, k and v
        q_grad, k_grad, v_grad = np.empty((B, T, 3, H, K), q.dtype).transpose(2, 0, 3, 1, 4)
    s_grad = np.zeros((B, H, T, S), q.dtype) if needed[3] else None
    blocks = _blocks(B, H, T, S, K)

    def block(n: int, _: int) -> None:
        b, group = blocks[n]
        for i, j, seen in reversed(_queries(T, S, causal)):  # the last see every key: they go first
            p, above = weights[n, i], g[b, group, i:j]
            s = np.matmul(above, v[b, group, :seen].swapaxes(-1, -2), out=np.empty_like(p))
            softmax_gradients(s.reshape(-1, j - i, seen), p.reshape(-1, j - i, seen))
            if s_grad is not None:
                s_grad[b, group, i:j, :seen] = s
            s *= scale
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

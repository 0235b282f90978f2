"""attention on CUDA: one kernel forward, two backward; the T x S weights are never stored."""

import math
from typing import Any

import numpy as np

from minibig.autograd import sum_to
from minibig.backend import Array, namespace
from minibig.kernels.cuda.compilation import contiguous, launch, real, takes
from minibig.ops import attention

_THREADS = (8, 16)  # as in attention.cu


def _constants(q: Array, v: Array) -> dict[str, int] | None:
    """What the compiler is told: sizes of a head and of tiles, which must fit into 48 KiB."""
    K, U = q.shape[-1], v.shape[-1]
    bytes_of_a_row = max(K, U) * np.dtype(real(q)).itemsize
    if bytes_of_a_row > 512:
        return None
    rows, keys, side = (64, 32, 32) if bytes_of_a_row <= 256 else (32, 16, 16)
    return {"HEAD": K, "VALUE": U, "ROWS": rows, "KEYS": keys, "SIDE": side}


def _in_rows(x: Array) -> Array:
    """x, copied if the numbers of a row are not neighbours: kernels know all other strides."""
    return x if x.strides[-1] == x.itemsize else contiguous(x)


def _strides(*arrays: Array | None) -> Array:
    """How far apart, in numbers, examples, heads and rows lie, and columns of scores: a struct."""
    numbers: list[int] = []
    for i, x in enumerate(arrays):
        count = 4 if i == 3 else 3
        numbers += [0] * count if x is None else [s // x.itemsize for s in x.strides[:count]]
    return _struct(*numbers)


def _struct(*numbers: int) -> Array:
    return np.array([(numbers,)], [("numbers", "i8", (len(numbers),))])


def _empty(like: Array, B: int, H: int, T: int, K: int) -> Any:
    """An array (B, H, T, K) laid out as (B, T, H, K), as the layer around it reads it."""
    return namespace(like).empty((B, T, H, K), like.dtype).transpose(0, 2, 1, 3)


@attention.kernel("cuda")
def forward(q, k, v, bias, *, keep, causal, scale, return_weights):
    same = q.ndim >= 3 and q.shape[:-2] == k.shape[:-2] == v.shape[:-2]
    if return_weights or not same or not takes(q, k, v, bias):
        return NotImplemented
    constants = _constants(q, v)
    if constants is None or (bias is not None and bias.ndim > q.ndim):
        return NotImplemented
    xp = namespace(q)
    *outer, H, T, K = q.shape
    S, U = v.shape[-2:]
    scale = 1 / math.sqrt(K) if scale is None else float(scale)
    q, k, v = (_in_rows(x.reshape(-1, *x.shape[-3:])) for x in (q, k, v))  # (B, H, T or S, K or U)
    B = len(q)
    bias_shape = None if bias is None else bias.shape
    if bias is not None:
        bias = xp.broadcast_to(bias, (*outer, H, T, S)).reshape(B, H, T, S)
    y, lse = _empty(q, B, H, T, U), xp.empty((B, H, T), real(q))
    sizes = _struct(H, T, S, causal)
    launch("attention.cu", "attention_forward", like=q, **constants)(
        (B * H * -(-T // constants["ROWS"]),),
        _THREADS,
        (q, k, v, bias, y, lse, _strides(q, k, v, bias, y), sizes, scale),
    )
    residuals = (q, k, v, bias, y, lse, sizes, scale, constants, outer, bias_shape)
    return y.reshape(*outer, H, T, U), residuals


@forward.vjp
def backward(g, residuals, *, needed, owned, last, causal, scale, return_weights):
    q, k, v, bias, y, lse, sizes, scale, constants, outer, bias_shape = residuals
    B, H, T, K = q.shape
    S, U = v.shape[-2:]
    g, delta = _in_rows(g.reshape(y.shape)), namespace(q).empty_like(lse)
    launch("attention.cu", "attention_delta", like=q, **constants)(
        (-(-delta.size // 8),), (32, 8), (g, y, delta, _strides(g), _strides(y), sizes, delta.size)
    )
    inputs = (q, k, v, bias, g, lse, delta, _strides(q, k, v, bias, g))
    q_grad = k_grad = v_grad = s_grad = None

    def call(name: str, rows: int, *outputs: Any) -> None:
        blocks = B * H * -(-rows // constants["SIDE"])
        kernel = launch("attention.cu", name, like=q, **constants)
        kernel((blocks,), _THREADS, (*inputs, *outputs, sizes, scale))

    if needed[1] or needed[2]:
        k_grad, v_grad = _empty(q, B, H, S, K), _empty(q, B, H, S, U)
        call("attention_keys", S, k_grad, v_grad, _strides(k_grad), _strides(v_grad))
    if needed[0] or needed[3]:
        q_grad = _empty(q, B, H, T, K)
        s_grad = namespace(q).zeros((B, H, T, S), q.dtype) if needed[3] else None
        call("attention_queries", T, q_grad, s_grad, _strides(q_grad))
    grads = [x if x is None else x.reshape(*outer, *x.shape[1:]) for x in (q_grad, k_grad, v_grad)]
    if s_grad is None:
        return *grads, None
    return *grads, sum_to(s_grad.reshape(*outer, H, T, S), shape=bias_shape)

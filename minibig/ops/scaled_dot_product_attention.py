"""Attention (注意力): every query takes a weighted mean of the values.

    weights = softmax(q kᵀ·scale + bias)        output = weights v

The weights of a query are a softmax over the keys, so the rules of softmax and of the product give
the derivatives:

    v̄ = weightsᵀ g        s̄ = weights·(p − Σ weights·p),  p = g vᵀ
    q̄ = s̄ k·scale         k̄ = s̄ᵀ q·scale

The scale 1/√K keeps the scores at variance 1 whatever the head size K; without it (the article's
form, `scale=1`) large heads drive the softmax into its flat ends, where nothing is learned.
"""

import math

from minibig.autograd import Tensor, constant, fusible
from minibig.backend import Array, InputError, checks, namespace
from minibig.ops.arithmetic import where
from minibig.ops.operands import expect_one_dtype, in_single_precision
from minibig.ops.products import matmul
from minibig.ops.softmaxes import softmax

@constant
def causal_mask(scores: Array, /) -> Array:
    """0 where a query may look, −∞ at keys that come later; the last query sees every key.

    Shapes:  scores (..., T, S)  ->  (T, S).

    >>> causal_mask(mb.zeros((2, 3)))
    tensor([[  0.,   0., -inf],
            [  0.,   0.,   0.]])
    """
    T, S = scores.shape[-2:]
    xp = namespace(scores)
    return xp.triu(xp.full((T, S), -math.inf, scores.dtype), S - T + 1)

@in_single_precision
def attention_weights(
    q, k, /, bias=None, *, causal: bool = False, scale: float | None = None
) -> Tensor:
    """softmax(q kᵀ·scale + bias): for every query a distribution over the keys.

    The weights of a query that may see no key, because all its scores are −∞, are 0.

    Shapes:  q (..., T, K), k (..., S, K), bias broadcastable to (..., T, S)  ->  (..., T, S).
    """
    scale = 1 / math.sqrt(q.shape[-1] or 1) if scale is None else scale
    scores = matmul(q, k.swapaxes(-1, -2)) * scale  # (..., T, S)
    if bias is not None:
        scores = scores + bias
    if causal:
        scores = scores + causal_mask(scores)
    blind = (scores == -math.inf).all(axis=-1, keepdims=True)  # (..., T, 1)
    return where(blind, 0.0, softmax(where(blind, 0.0, scores), axis=-1))

@fusible
@in_single_precision
def attention(
    q, k, v, bias=None, /, *, causal: bool = False, scale: float | None = None,
    return_weights: bool = False,
):
    """softmax(q kᵀ·scale + bias) v, scaled dot-product attention.

    `bias` is added to the scores (−∞ hides a key), `causal` hides all later keys, `scale` is 1/√K
    if not given. A query that may see no key gets the output 0, and moves nothing: its gradients
    are 0. With `return_weights` the result is (output, weights).

    Shapes:  q (..., T, K), k (..., S, K), v (..., S, U), bias broadcastable to (..., T, S)
             ->  (..., T, U), and weights (..., T, S).
    Cost:    2·T·S·(K + U) multiplications and additions a head; causal kernels do half of it.
    Source:  Vaswani et al. 2017, arXiv:1706.03762, eq. 1.

    >>> q = k = mb.ones((5, 1))
    >>> v = mb.tensor([[0.0], [1.0], [2.0], [3.0], [4.0]])
    >>> mb.attention(q, k, v, scale=1)[0]      # the article's example: five equal scores
    tensor([2.])
    """
    weights = attention_weights(q, k, bias, causal=causal, scale=scale)
    y = matmul(weights, v)
    return (y, weights) if return_weights else y

@attention.check
def _check_attention(q, k, v, bias, *, causal, scale, return_weights):
    got = f"q {q.shape}, k {k.shape}, v {v.shape}"
    if min(q.ndim, k.ndim, v.ndim) < 2 or q.shape[-1] != k.shape[-1] or k.shape[-2] != v.shape[-2]:
        expected = "q must have shape (..., T, K), k (..., S, K), v (..., S, U)"
        raise InputError(f"attention: {expected}; got {got}.")
    if causal and q.shape[-2] > k.shape[-2]:
        raise InputError(f"attention: causal needs as many keys as queries or more; got {got}.")
    if scale is not None:
        checks.number("attention: scale", scale)
    if bias is not None:
        _check_bias(bias, q.shape[-2], k.shape[-2])
    expect_one_dtype("attention", q=q, k=k, v=v, bias=bias)

def _check_bias(bias, T: int, S: int) -> None:
    if bias.dtype.kind == "b":
        advice = "Use mb.where(seen, 0.0, -math.inf)."
        raise InputError(f"attention: bias is added, and must hold numbers; got bool. {advice}")
    if any(n not in (1, m) for n, m in zip(bias.shape[-2:][::-1], (S, T), strict=False)):
        raise InputError(f"attention: bias must broadcast to (..., {T}, {S}); got {bias.shape}.")

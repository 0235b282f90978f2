"""Attention layers (多头注意力): the projections around the op `attention`, head by head.

    headₕ = attention(x Wqₕ, m Wkₕ, m Wvₕ)         y = [head₁, …, head_H] Wo

In self-attention m is x, and one product with W = [Wq, Wk, Wv] serves all heads. In cross-attention
m is the memory: the output of an encoder.
"""

from typing import Any

from minibig.autograd import Tensor
from minibig.backend import InputError
from minibig.nn.dropout import Dropout
from minibig.nn.key_value_cache import KeyValueCache
from minibig.nn.linear import Linear
from minibig.nn.module import Module, expect_size
from minibig.nn.positions import RotaryPositions
from minibig.nn.shapes import expect_shape
from minibig.ops import attention, attention_weights, matmul, split


class MultiHeadAttention(Module):
    """Self-attention with several heads: each token looks at the others in H ways at once.

        q, k, v = x W + b, cut into three, and each into H heads of K = D/H
        headₕ   = softmax(qₕ kₕᵀ / √K + bias) vₕ
        y       = [head₁, …, head_H] Wo + bo

    `bias` is added to the scores; −∞ hides a key. `causal` hides all later tokens. With a `cache`
    the tokens of earlier calls are seen, too. `dropout` drops attention weights while learning;
    `rotary` turns queries and keys by their positions. With `return_weights` the result is
    (y, weights).

    Shapes:  x (B, T, D), W (D, 3·D), bias broadcastable to (B, H, T, S)  ->  y (B, T, D),
             weights (B, H, T, S); S = T without a cache.
    Cost:    8·B·T·D² + 4·B·T·S·D multiplications and additions.
    Raises:  InputError if n_heads does not divide d_model, or if x does not fit.
    Source:  Vaswani et al. 2017, arXiv:1706.03762, section 3.2.2, with biases; W and its order
             q, k, v as in GPT-2.

    >>> MultiHeadAttention(d_model=8, n_heads=2, causal=True)(mb.ones((3, 5, 8))).shape
    (3, 5, 8)
    """

    def __init__(
        self,
        d_model: int,
        n_heads: int,
        bias: bool = True,
        dropout: float = 0.0,
        causal: bool = False,
        rotary: RotaryPositions | None = None,
    ):
        _expect_heads(d_model, n_heads)
        self.qkv = Linear(d_model, 3 * d_model, bias)
        self.output = Linear(d_model, d_model, bias)
        self.dropout = Dropout(dropout)
        self.rotary = rotary
        self.n_heads = n_heads
        self.causal = causal

    def forward(
        self,
        x: Tensor,
        bias: Tensor | None = None,
        cache: KeyValueCache | None = None,
        return_weights: bool = False,
    ) -> Any:
        """y, or (y, weights)."""
        expect_shape("x", x, "B T D", D=self.qkv.weight.shape[0])
        q, k, v = (split_heads(part, self.n_heads) for part in split(self.qkv(x), 3, axis=-1))
        if self.rotary is not None:
            start = cache.length if cache is not None else 0
            q, k = self.rotary(q, start), self.rotary(k, start)
        if cache is not None:
            k, v = cache.append(k, v)  # (B, H, S, K)
        y, weights = attend(q, k, v, bias, self.causal, self.dropout, return_weights)
        y = self.output(merge_heads(y))
        return (y, weights) if return_weights else y

    def extra_repr(self) -> str:
        """The width, the number of heads, and whether it is causal."""
        return f"{self.qkv.weight.shape[0]}, {self.n_heads}, causal={self.causal}"


class CrossAttention(Module):
    """Attention from one sequence to another: each token looks at the memory in H ways at once.

        q = x Wq + bq;   k, v = memory W + b, cut into two;   then as in MultiHeadAttention

    Shapes:  x (B, T, D), memory (B, S, D), W (D, 2·D), bias broadcastable to (B, H, T, S)
             ->  y (B, T, D), weights (B, H, T, S).
    Raises:  InputError if n_heads does not divide d_model, or if x or memory do not fit.
    Source:  Vaswani et al. 2017, arXiv:1706.03762, section 3.2.3 ("encoder-decoder attention").

    >>> CrossAttention(d_model=8, n_heads=2)(mb.ones((3, 5, 8)), mb.ones((3, 7, 8))).shape
    (3, 5, 8)
    """

    def __init__(self, d_model: int, n_heads: int, bias: bool = True, dropout: float = 0.0):
        _expect_heads(d_model, n_heads)
        self.q = Linear(d_model, d_model, bias)
        self.kv = Linear(d_model, 2 * d_model, bias)
        self.output = Linear(d_model, d_model, bias)
        self.dropout = Dropout(dropout)
        self.n_heads = n_heads

    def forward(
        self, x: Tensor, memory: Tensor, bias: Tensor | None = None, return_weights: bool = False
    ) -> Any:
        """y, or (y, weights)."""
        D = self.q.weight.shape[0]
        expect_shape("x", x, "B T D", D=D)
        expect_shape("memory", memory, "B S D", B=x.shape[0], D=D)
        q = split_heads(self.q(x), self.n_heads)
        k, v = (split_heads(part, self.n_heads) for part in split(self.kv(memory), 2, axis=-1))
        y, weights = attend(q, k, v, bias, False, self.dropout, return_weights)
        y = self.output(merge_heads(y))
        return (y, weights) if return_weights else y

    def extra_repr(self) -> str:
        """The width and the number of heads."""
        return f"{self.q.weight.shape[0]}, {self.n_heads}"


def split_heads(x: Tensor, n_heads: int) -> Tensor:
    """The last axis cut into heads, as a view: (B, T, D) -> (B, H, T, K)."""
    B, T, D = x.shape
    return x.reshape((B, T, n_heads, D // n_heads)).swapaxes(1, 2)


def merge_heads(y: Tensor) -> Tensor:
    """The heads side by side again: (B, H, T, K) -> (B, T, D)."""
    B, H, T, K = y.shape
    return y.swapaxes(1, 2).reshape((B, T, H * K))


def attend(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    bias: Tensor | None,
    causal: bool,
    dropout: Dropout,
    return_weights: bool,
) -> tuple[Tensor, Tensor | None]:
    """`attention`, and with active dropout the same with some weights dropped.

    The weights that come back are those before dropout: a distribution over the keys.
    """
    if dropout.active:
        weights = attention_weights(q, k, bias, causal=causal)
        return matmul(dropout(weights), v), weights
    if return_weights:
        return attention(q, k, v, bias, causal=causal, return_weights=True)
    return attention(q, k, v, bias, causal=causal), None


def _expect_heads(d_model: int, n_heads: int) -> None:
    expect_size(d_model=d_model, n_heads=n_heads)
    if d_model % n_heads:
        raise InputError(
            f"n_heads must divide d_model; got d_model = {d_model} and n_heads = {n_heads}."
        )

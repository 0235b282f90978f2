"""Attention layers (多头注意力): the projections around the op `attention`, head by head.

    headₕ = attention(x Wqₕ, m Wkₕ, m Wvₕ)         y = [head₁, …, head_H] Wo

In self-attention m is x, and one product with W = [Wq, Wk, Wv] serves all heads. In cross-attention
m is the memory: the output of an encoder.
"""

import math

from minibig.autograd import Tensor
from minibig.backend import InputError
from minibig.backend.checks import flag, whole
from minibig.nn.cache import KeyValueCache
from minibig.nn.dropout import Dropout
from minibig.nn.linear import Linear
from minibig.nn.module import Module
from minibig.nn.positions import RotaryPositions
from minibig.nn.shapes import expect_axes
from minibig.ops import attention, attention_weights, matmul, split


class Heads(Module):
    """What both layers of attention share: the width D, the number of heads H and their size K.

    `head_size` is K, D/H if not given. The scores are multiplied by the attribute `scale`, 1/√K.

    >>> Heads(d_model=8, n_heads=2).scale == 4**-0.5
    True
    """

    def __init__(self, d_model: int, n_heads: int, head_size: int | None = None):
        self.d_model = whole("d_model", d_model, least=1)
        self.n_heads = whole("n_heads", n_heads, least=1)
        self.head_size = size_of_heads(self.d_model, self.n_heads, head_size)
        self.scale = 1 / math.sqrt(self.head_size)

    def extra_repr(self) -> str:
        return f"{self.d_model}, {self.n_heads}"


class MultiHeadAttention(Heads):
    """Self-attention with several heads: each token looks at the others in H ways at once.

        q, k, v = x W + b, cut into three, and each into H heads of K numbers
        y       = [head₁, …, head_H] Wo + bo,   headₕ = attention(qₕ, kₕ, vₕ)

    `bias` is added to the scores; −∞ hides a key. `causal` hides all later tokens. With a `cache`
    the tokens of earlier calls are seen, too. `dropout` drops attention weights while training;
    `rotary` turns queries and keys by their positions. The sizes are those of `Heads`.

    Shapes:  x (B, T, D), W (D, 3·H·K), bias broadcastable to (B, H, T, S)  ->  y (B, T, D);
             S = T without a cache.
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
        head_size: int | None = None,
    ):
        super().__init__(d_model, n_heads, head_size)
        self.causal = flag("causal", causal)
        width = self.n_heads * self.head_size
        self.qkv = Linear(self.d_model, 3 * width, bias)
        self.output = Linear(width, self.d_model, bias)
        self.dropout = Dropout(dropout)
        self.rotary = rotary

    def forward(
        self, x: Tensor, bias: Tensor | None = None, cache: KeyValueCache | None = None
    ) -> Tensor:
        q, k, v = self._heads(x, start=0 if cache is None else cache.length)
        if cache is not None:
            k, v = cache.append(k, v)  # (B, H, S, K)
        y = attend(q, k, v, bias, self.dropout, causal=self.causal, scale=self.scale)
        return self.output(merge_heads(y))

    def weights(self, x: Tensor, bias: Tensor | None = None) -> Tensor:
        """The attention weights, before any dropout: for each head and token a distribution.

        Shapes:  x (B, T, D)  ->  (B, H, T, T).
        """
        q, k, _ = self._heads(x, start=0)
        return attention_weights(q, k, bias, causal=self.causal, scale=self.scale)

    def _heads(self, x: Tensor, start: int) -> tuple[Tensor, Tensor, Tensor]:
        """q, k and v of each head (B, H, T, K); the first token is at position `start`."""
        expect_axes("x", x, "B T D", D=self.d_model)
        q, k, v = split(split_heads(self.qkv(x), 3 * self.n_heads), sizes=3, axis=1)
        if self.rotary is not None:
            q, k = self.rotary(q, start), self.rotary(k, start)
        return q, k, v

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, causal={self.causal}"


class CrossAttention(Heads):
    """Attention from one sequence to another: each token looks at the memory in H ways at once.

        q = x Wq + bq;   k, v = memory W + b, cut into two;   then as in MultiHeadAttention

    Shapes:  x (B, T, D), memory (B, S, D), W (D, 2·H·K), bias broadcastable to (B, H, T, S)
             ->  y (B, T, D).
    Raises:  InputError if n_heads does not divide d_model, or if x or memory do not fit.
    Source:  Vaswani et al. 2017, arXiv:1706.03762, section 3.2.3 ("encoder-decoder attention").

    >>> CrossAttention(d_model=8, n_heads=2)(mb.ones((3, 5, 8)), mb.ones((3, 7, 8))).shape
    (3, 5, 8)
    """

    def __init__(
        self,
        d_model: int,
        n_heads: int,
        bias: bool = True,
        dropout: float = 0.0,
        head_size: int | None = None,
    ):
        super().__init__(d_model, n_heads, head_size)
        width = self.n_heads * self.head_size
        self.q = Linear(self.d_model, width, bias)
        self.kv = Linear(self.d_model, 2 * width, bias)
        self.output = Linear(width, self.d_model, bias)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor, memory: Tensor, bias: Tensor | None = None) -> Tensor:
        q, k, v = self._heads(x, memory)
        return self.output(merge_heads(attend(q, k, v, bias, self.dropout, scale=self.scale)))

    def weights(self, x: Tensor, memory: Tensor, bias: Tensor | None = None) -> Tensor:
        """The attention weights, before any dropout: for each head and token a distribution.

        Shapes:  x (B, T, D), memory (B, S, D)  ->  (B, H, T, S).
        """
        q, k, _ = self._heads(x, memory)
        return attention_weights(q, k, bias, scale=self.scale)

    def _heads(self, x: Tensor, memory: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """q (B, H, T, K), k and v (B, H, S, K) of each head."""
        expect_axes("x", x, "B T D", D=self.d_model)
        expect_axes("memory", memory, "B S D", B=x.shape[0], D=self.d_model)
        k, v = split(split_heads(self.kv(memory), 2 * self.n_heads), sizes=2, axis=1)
        return split_heads(self.q(x), self.n_heads), k, v


def size_of_heads(d_model: int, n_heads: int, head_size: int | None = None) -> int:
    """K: `head_size` if it is given, else d_model / n_heads.

    >>> size_of_heads(8, 3)
    Traceback (most recent call last):
    minibig.backend.errors.InputError: n_heads must divide d_model; got d_model = 8 and n_heads = 3.
    """
    if head_size is not None:
        return whole("head_size", head_size, least=1)
    if d_model % n_heads:
        raise InputError(
            f"n_heads must divide d_model; got d_model = {d_model} and n_heads = {n_heads}."
        )
    return d_model // n_heads


def split_heads(x: Tensor, n_heads: int) -> Tensor:
    """The last axis cut into heads, as a view: (B, T, H·K) -> (B, H, T, K)."""
    B, T, D = x.shape
    return x.reshape((B, T, n_heads, D // n_heads)).swapaxes(1, 2)


def merge_heads(y: Tensor) -> Tensor:
    """The heads side by side again: (B, H, T, K) -> (B, T, H·K)."""
    B, H, T, K = y.shape
    return y.swapaxes(1, 2).reshape((B, T, H * K))


def attend(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    bias: Tensor | None,
    dropout: Dropout,
    *,
    causal: bool = False,
    scale: float,
) -> Tensor:
    """`attention` of each head, where active dropout drops some of the weights.

    Shapes:  q (B, H, T, K), k and v (B, H, S, K)  ->  (B, H, T, K).
    """
    if not dropout.active:
        return attention(q, k, v, bias, causal=causal, scale=scale)
    weights = attention_weights(q, k, bias, causal=causal, scale=scale)
    return matmul(dropout(weights), v)

"""Transformer blocks: attention mixes positions, a small network works on each of them.

Both halves add to what is there already (residual connections), so that signals and gradients pass
unchanged. What differs is where the sum is normalized:

    post-norm (2017)   x = norm(x + f(x))      pre-norm (2019)   x = x + f(norm(x))

Pre-norm leaves a path from the last layer to the first on which nothing is rescaled, and learns
without a warm-up; post-norm is the original.
"""

from typing import Any

from minibig.autograd import Tensor
from minibig.nn.activations import Activation
from minibig.nn.attention import MultiHeadAttention
from minibig.nn.dropout import Dropout
from minibig.nn.key_value_cache import KeyValueCache
from minibig.nn.linear import Linear
from minibig.nn.module import Module
from minibig.nn.normalization import LayerNorm
from minibig.ops import feed_forward, gelu_tanh, relu


class FeedForward(Module):
    """The network that works on each position alone: wider, an activation, and back.

        y = activation(x W₁ + b₁) W₂ + b₂

    Shapes:  x (..., D), W₁ (D, F), W₂ (F, D)  ->  (..., D), with D = d_model and F = d_ff.
    Cost:    4·D·F multiplications and additions a position.
    Raises:  InputError if the last axis of x is not d_model.
    Source:  Vaswani et al. 2017, arXiv:1706.03762, eq. 2, where the activation is relu.

    >>> FeedForward(d_model=8, d_ff=32)(mb.ones((2, 5, 8))).shape
    (2, 5, 8)
    """

    def __init__(self, d_model: int, d_ff: int, activation: Activation = gelu_tanh):
        self.up = Linear(d_model, d_ff)
        self.down = Linear(d_ff, d_model)
        self.activation = activation

    def forward(self, x: Any) -> Tensor:
        """activation(x W₁ + b₁) W₂ + b₂."""
        up, down = self.up, self.down
        return feed_forward(
            x, up.weight, up.bias, down.weight, down.bias, activation=self.activation
        )

    def extra_repr(self) -> str:
        """The activation."""
        return getattr(self.activation, "__name__", repr(self.activation))


class PreNormBlock(Module):
    """A Transformer block that normalizes what each half reads: the block of GPT-2.

        x = x + dropout(attention(norm(x)))
        x = x + dropout(feed_forward(norm(x)))

    Shapes:  x (B, T, D)  ->  (B, T, D).
    Raises:  InputError if n_heads does not divide d_model, or if x does not fit.
    Source:  Radford et al. 2019, "Language models are unsupervised multitask learners",
             section 2.3; Xiong et al. 2020, arXiv:2002.04745, figure 1 (b).

    >>> PreNormBlock(d_model=8, n_heads=2, d_ff=32, causal=True)(mb.ones((3, 5, 8))).shape
    (3, 5, 8)
    """

    def __init__(
        self,
        d_model: int,
        n_heads: int,
        d_ff: int,
        activation: Activation = gelu_tanh,
        dropout: float = 0.0,
        causal: bool = False,
    ):
        self.attention_norm = LayerNorm(d_model)
        self.attention = MultiHeadAttention(d_model, n_heads, dropout=dropout, causal=causal)
        self.feed_forward_norm = LayerNorm(d_model)
        self.feed_forward = FeedForward(d_model, d_ff, activation)
        self.dropout = Dropout(dropout)

    def forward(
        self, x: Tensor, bias: Tensor | None = None, cache: KeyValueCache | None = None
    ) -> Tensor:
        """x after both halves; `bias` and `cache` are those of the attention."""
        x = x + self.dropout(self.attention(self.attention_norm(x), bias, cache))
        return x + self.dropout(self.feed_forward(self.feed_forward_norm(x)))


class PostNormBlock(Module):
    """A Transformer block that normalizes each sum: the block of the original Transformer.

        x = norm(x + dropout(attention(x)))
        x = norm(x + dropout(feed_forward(x)))

    Shapes:  x (B, T, D)  ->  (B, T, D).
    Raises:  InputError if n_heads does not divide d_model, or if x does not fit.
    Source:  Vaswani et al. 2017, arXiv:1706.03762, sections 3.1 and 5.4.

    >>> PostNormBlock(d_model=8, n_heads=2, d_ff=32)(mb.ones((3, 5, 8))).shape
    (3, 5, 8)
    """

    def __init__(
        self,
        d_model: int,
        n_heads: int,
        d_ff: int,
        activation: Activation = relu,
        dropout: float = 0.0,
        causal: bool = False,
    ):
        self.attention = MultiHeadAttention(d_model, n_heads, dropout=dropout, causal=causal)
        self.attention_norm = LayerNorm(d_model)
        self.feed_forward = FeedForward(d_model, d_ff, activation)
        self.feed_forward_norm = LayerNorm(d_model)
        self.dropout = Dropout(dropout)

    def forward(
        self, x: Tensor, bias: Tensor | None = None, cache: KeyValueCache | None = None
    ) -> Tensor:
        """x after both halves; `bias` and `cache` are those of the attention."""
        x = self.attention_norm(x + self.dropout(self.attention(x, bias, cache)))
        return self.feed_forward_norm(x + self.dropout(self.feed_forward(x)))

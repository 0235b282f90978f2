"""Transformer blocks: attention mixes positions, a small network works on each of them.

Both halves add to what is there already (residual connections), so that signals and gradients pass
unchanged. What differs is where the sum is normalized:

    post-norm (2017)   x = norm(x + f(x))      pre-norm (2019)   x = x + f(norm(x))

Pre-norm leaves a path from the last layer to the first on which nothing is rescaled, and learns
without a warm-up; post-norm is the original.
"""

from collections.abc import Callable
from typing import Any

from minibig.autograd import Tensor
from minibig.backend import InputError
from minibig.backend.checks import instance, refusal, shown, whole
from minibig.nn.cache import KeyValueCache
from minibig.nn.dropout import Dropout
from minibig.nn.linear import Linear
from minibig.nn.module import Module, is_fusible
from minibig.nn.normalization import LayerNorm
from minibig.ops import feed_forward, gelu_tanh


class FeedForward(Module):
    """`mb.feed_forward` with weights and biases that are learned: wider, an activation, and back.

    It is one operation where `up` and `down` are plain layers, and down(activation(up(x))) where
    they have been replaced.

    Shapes:  x (..., D)  ->  (..., D), with D = d_model and F = d_ff inside.
    Cost:    4·D·F multiplications and additions a position.
    Raises:  InputError if the last axis of x is not d_model, or if activation is no function.

    >>> FeedForward(d_model=8, d_ff=32)(mb.ones((2, 5, 8))).shape
    (2, 5, 8)
    """

    def __init__(self, d_model: int, d_ff: int, activation: Callable[[Any], Any] = gelu_tanh):
        self.d_model = whole("d_model", d_model, least=1)
        self.d_ff = whole("d_ff", d_ff, least=1)
        self.up = Linear(self.d_model, self.d_ff)
        self.down = Linear(self.d_ff, self.d_model)
        if not callable(activation):
            raise InputError(
                f"activation must be a function; got {shown(activation)}. "
                "nn.activation(name) gives the one with that name."
            )
        self.activation = activation

    def forward(self, x: Any) -> Tensor:
        up, down = self.up, self.down
        if is_fusible(up, Linear) and is_fusible(down, Linear):
            return feed_forward(
                x, up.weight, up.bias, down.weight, down.bias, activation=self.activation
            )
        y: Tensor = down(self.activation(up(x)))
        return y

    def extra_repr(self) -> str:
        if isinstance(self.activation, Module):  # it is shown as a part
            return ""
        return getattr(self.activation, "__name__", repr(self.activation))


class PreNormBlock(Module):
    """A Transformer block that normalizes what each half reads: the block of GPT-2.

        x = x + dropout(attention(norm(x)))
        x = x + dropout(feed_forward(norm(x)))

    Any two modules may be its halves: attention(x, bias, cache) and feed_forward(x), of which the
    first says its width as `d_model`. `norm` is a class of layers, or any function of the width.

    Shapes:  x (B, T, D)  ->  (B, T, D).
    Raises:  InputError if x does not fit.
    Source:  Radford et al. 2019, "Language models are unsupervised multitask learners",
             section 2.3; Xiong et al. 2020, arXiv:2002.04745, figure 1 (b).

    >>> from minibig.nn import MultiHeadAttention
    >>> block = PreNormBlock(MultiHeadAttention(8, 2, causal=True), FeedForward(8, 32))
    >>> block(mb.ones((3, 5, 8))).shape
    (3, 5, 8)
    """

    def __init__(
        self,
        attention: Any,
        feed_forward: Module,
        norm: Callable[[int], Module] = LayerNorm,
        dropout: float = 0.0,
    ):
        D = _width(attention)
        self.attention_norm = norm(D)
        self.attention = attention
        self.feed_forward_norm = norm(D)
        self.feed_forward = instance("feed_forward", feed_forward, Module)
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

    Its parts are those of a `PreNormBlock`, in the order in which they are used: that of its
    state_dict.

    Shapes:  x (B, T, D)  ->  (B, T, D).
    Raises:  InputError if x does not fit.
    Source:  Vaswani et al. 2017, arXiv:1706.03762, sections 3.1 and 5.4.

    >>> from minibig.nn import MultiHeadAttention
    >>> block = PostNormBlock(MultiHeadAttention(8, 2), FeedForward(8, 32, mb.relu))
    >>> block(mb.ones((3, 5, 8))).shape
    (3, 5, 8)
    """

    def __init__(
        self,
        attention: Any,
        feed_forward: Module,
        norm: Callable[[int], Module] = LayerNorm,
        dropout: float = 0.0,
    ):
        D = _width(attention)
        self.attention = attention
        self.attention_norm = norm(D)
        self.feed_forward = instance("feed_forward", feed_forward, Module)
        self.feed_forward_norm = norm(D)
        self.dropout = Dropout(dropout)

    def forward(
        self, x: Tensor, bias: Tensor | None = None, cache: KeyValueCache | None = None
    ) -> Tensor:
        """x after both halves; `bias` and `cache` are those of the attention."""
        x = self.attention_norm(x + self.dropout(self.attention(x, bias, cache)))
        return self.feed_forward_norm(x + self.dropout(self.feed_forward(x)))


def _width(attention: Any) -> int:
    """The width of a block, as its attention says it."""
    if not isinstance(getattr(attention, "d_model", None), int):
        expected = "a layer that says its width as d_model, such as MultiHeadAttention"
        raise refusal("attention", expected, attention)
    width: int = attention.d_model
    return width

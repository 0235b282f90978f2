"""Positions (位置编码): attention alone does not see the order of its inputs; here it is told.

Learned and sinusoidal positions are vectors that are added to the embeddings, once. Rotary
positions turn queries and keys in every layer, so that their products depend on distances only.

    learned      P[t], a row of a table
    sinusoidal   P[t, 2i] = sin(t·ωᵢ),  P[t, 2i+1] = cos(t·ωᵢ),   ωᵢ = 10000^(−2i/D)
    rotary       the pair (x[2i], x[2i+1]) at position t, turned by the angle t·ωᵢ
"""

from typing import Any

import numpy as np

from minibig.autograd import Tensor, tensor
from minibig.backend import Array, InputError
from minibig.backend.checks import number, whole
from minibig.nn.initializers import normal_weights
from minibig.nn.module import Module
from minibig.nn.parameter import Parameter
from minibig.nn.placeholders import count_numbers
from minibig.ops import concatenate, split


class Positions(Module):
    """What layers of positions share: a context length, and the rows of tables that are read.

    >>> Positions(8, 4).rows(5, 3)
    slice(5, 8, None)
    """

    def __init__(self, context_length: int, d: int):
        self.context_length = whole("context_length", context_length, least=1)
        self.d = whole("d", d, least=1)

    def rows(self, start: int, T: int) -> slice:
        """The positions start, …, start + T − 1.

        Raises:  InputError unless they lie in the context.
        """
        if start < 0 or start + T > self.context_length:
            raise InputError(
                f"the context holds {self.context_length} positions; got {T} tokens from position "
                f"{start} on. Shorten the text, or use a model with a longer context."
            )
        return slice(start, start + T)

    def extra_repr(self) -> str:
        return f"{self.context_length}, {self.d}"


class LearnedPositions(Positions):
    """A learned vector for each position, to be added to the embeddings; it starts as N(0, 0.02²).

        P[start], …, P[start + T − 1]

    Shapes:  T  ->  (T, D), with D = d.
    Raises:  InputError if a position is context_length or more.
    Source:  Gehring et al. 2017, arXiv:1705.03122, section 3.1.

    >>> LearnedPositions(8, 4)(3, start=5).shape
    (3, 4)
    """

    def __init__(self, context_length: int, d: int):
        super().__init__(context_length, d)
        self.weight = Parameter(normal_weights((self.context_length, self.d), std=0.02))

    def forward(self, T: int, start: int = 0) -> Tensor:
        """The vectors of T positions from `start` on."""
        return self.weight[self.rows(start, T)]


class SinusoidalPositions(Positions):
    """A fixed vector of sines and cosines for each position, to be added to the embeddings.

        P[t, 2i] = sin(t / 10000^(2i/D)),   P[t, 2i+1] = cos(t / 10000^(2i/D))

    A shift by k positions is a rotation of each pair, whatever the position.

    Shapes:  T  ->  (T, D), with D = d.
    Raises:  InputError if a position is context_length or more, or for an odd width.
    Source:  Vaswani et al. 2017, arXiv:1706.03762, section 3.5.

    >>> SinusoidalPositions(8, 4)(2).tolist()
    [[0.0, 1.0, 0.0, 1.0], [0.8415, 0.5403, 0.01, 1.0]]
    """

    table: Tensor

    def __init__(self, context_length: int, d: int):
        super().__init__(context_length, d)
        angles = _angles(self.context_length, self.d, 10000.0)
        table = np.stack([np.sin(angles), np.cos(angles)], axis=-1)  # (context_length, D/2, 2)
        table = table.reshape(self.context_length, self.d).astype("float32")
        self.register_buffer("table", tensor(table), persistent=False)

    def forward(self, T: int, start: int = 0) -> Tensor:
        """The vectors of T positions from `start` on."""
        return self.table[self.rows(start, T)]


class RotaryPositions(Positions):
    """Turns each pair of numbers of a query or key by an angle in proportion to its position.

        y = x ⊙ cos(t·ω) + turned(x) ⊙ sin(t·ω),   turned(x) = (−x₁, x₀, −x₃, x₂, …)

    The product of a query at t and a key at s then depends on their positions by t − s only.

    Shapes:  x (..., T, K)  ->  (..., T, K), with K = head_size.
    Raises:  InputError if a position is context_length or more, or for an odd head size.
    Source:  Su et al. 2021, arXiv:2104.09864, section 3.4.2; pairs are neighbours, as in the paper.

    >>> RotaryPositions(2, 8)(mb.tensor([[1.0, 0.0], [1.0, 0.0]])).tolist()
    [[1.0, 0.0], [0.5403, 0.8415]]
    """

    cos: Tensor
    sin: Tensor

    def __init__(self, head_size: int, context_length: int, base: float = 10000.0):
        super().__init__(context_length, whole("head_size", head_size, least=1))
        self.head_size = self.d
        self.base = number("base", base, above=1)
        angles = np.repeat(_angles(self.context_length, self.d, self.base), 2, axis=-1)
        self.register_buffer("cos", tensor(np.cos(angles).astype("float32")), persistent=False)
        self.register_buffer("sin", tensor(np.sin(angles).astype("float32")), persistent=False)

    def forward(self, x: Any, start: int = 0) -> Tensor:
        """x turned; its first position is `start`."""
        K = self.d
        if x.shape[-1] != K:
            raise InputError(f"x must have shape (..., T, K) with K = {K}; got {tuple(x.shape)}.")
        rows = self.rows(start, x.shape[-2])
        cos, sin = self.cos[rows], self.sin[rows]  # (T, K)
        even, odd = split(x.reshape((*x.shape[:-1], K // 2, 2)), sizes=2, axis=-1)
        turned = concatenate([-odd, even], axis=-1).reshape(x.shape)
        return x * cos + turned * sin

    def extra_repr(self) -> str:
        return f"{self.d}, {self.context_length}"


def _angles(context_length: int, d: int, base: float) -> Array:
    """t·ωᵢ for every position t and pair i, of shape (context_length, d/2)."""
    if d % 2:
        raise InputError(f"positions in pairs of numbers need an even width; got {d}.")
    count_numbers(context_length * d)
    return np.arange(context_length)[:, None] * base ** (-np.arange(0, d, 2) / d)

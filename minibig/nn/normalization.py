"""Normalization layers (归一化): each position is brought to one scale, then to a learned one."""

from typing import Any

from minibig.autograd import Tensor
from minibig.backend.checks import number, whole
from minibig.nn.initializers import constant_weights
from minibig.nn.module import Module
from minibig.nn.parameter import Parameter
from minibig.ops import layer_norm, rms_norm


class LayerNorm(Module):
    """`mb.layer_norm` with a scale and a shift that are learned; they start as 1 and 0.

    Shapes:  x (..., D)  ->  (..., D), with D = d.
    Raises:  InputError if the last axis of x is not d, or unless 0 < eps < 1.

    >>> LayerNorm(3, eps=1e-12)(mb.tensor([1.0, 2.0, 3.0])).tolist()
    [-1.2247, 0.0, 1.2247]
    """

    def __init__(self, d: int, eps: float = 1e-5):
        self.d = whole("d", d, least=1)
        self.eps = number("eps", eps, above=0, below=1)
        self.weight = Parameter(constant_weights((self.d,), 1.0))
        self.bias = Parameter(constant_weights((self.d,), 0.0))

    def forward(self, x: Any) -> Tensor:
        return layer_norm(x, self.weight, self.bias, eps=self.eps)

    def extra_repr(self) -> str:
        return f"{self.d}, eps={self.eps}"


class RMSNorm(Module):
    """`mb.rms_norm` with a scale that is learned; it starts as 1.

    Shapes:  x (..., D)  ->  (..., D), with D = d.
    Raises:  InputError if the last axis of x is not d, or unless 0 < eps < 1.

    >>> RMSNorm(4, eps=1e-12)(mb.tensor([3.0, 4.0, 0.0, 0.0])).detach()
    tensor([1.2, 1.6, 0. , 0. ])
    """

    def __init__(self, d: int, eps: float = 1e-6):
        self.d = whole("d", d, least=1)
        self.eps = number("eps", eps, above=0, below=1)
        self.weight = Parameter(constant_weights((self.d,), 1.0))

    def forward(self, x: Any) -> Tensor:
        return rms_norm(x, self.weight, eps=self.eps)

    def extra_repr(self) -> str:
        return f"{self.d}, eps={self.eps}"

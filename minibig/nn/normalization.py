"""Normalization layers (归一化): each position is brought to one scale, then to a learned one."""

from typing import Any

from minibig.autograd import Tensor
from minibig.backend import InputError
from minibig.nn.module import Module, expect_size
from minibig.nn.parameter import Parameter
from minibig.ops import layer_norm, ones, rms_norm, zeros


class LayerNorm(Module):
    """Brings every position to mean 0 and variance 1, then to a learned scale and shift.

        y = (x − μ) / √(σ² + ε) · weight + bias,   μ, σ² over the last axis

    Shapes:  x (..., D), weight (D), bias (D)  ->  (..., D).
    Raises:  InputError if the last axis of x is not d.
    Source:  Ba et al. 2016, arXiv:1607.06450, eq. 4, with the mean and variance of one example.

    >>> LayerNorm(3, eps=1e-12)(mb.tensor([1.0, 2.0, 3.0])).tolist()
    [-1.2247, 0.0, 1.2247]
    """

    def __init__(self, d: int, eps: float = 1e-5):
        expect_size(d=d)
        _expect_eps(eps)
        self.weight = Parameter(ones((d,)))
        self.bias = Parameter(zeros((d,)))
        self.eps = eps

    def forward(self, x: Any) -> Tensor:
        """The normalized x."""
        return layer_norm(x, self.weight, self.bias, eps=self.eps)

    def extra_repr(self) -> str:
        """The width and ε."""
        return f"{self.weight.shape[0]}, eps={self.eps}"


class RMSNorm(Module):
    """Divides every position by its root mean square, then brings it to a learned scale.

        y = x / √(mean x² + ε) · weight,   the mean over the last axis

    Shapes:  x (..., D), weight (D)  ->  (..., D).
    Raises:  InputError if the last axis of x is not d.
    Source:  Zhang and Sennrich 2019, arXiv:1910.07467, eq. 4, with ε under the root.

    >>> RMSNorm(4, eps=1e-12)(mb.tensor([3.0, 4.0, 0.0, 0.0])).detach()
    tensor([1.2, 1.6, 0. , 0. ])
    """

    def __init__(self, d: int, eps: float = 1e-6):
        expect_size(d=d)
        _expect_eps(eps)
        self.weight = Parameter(ones((d,)))
        self.eps = eps

    def forward(self, x: Any) -> Tensor:
        """The normalized x."""
        return rms_norm(x, self.weight, eps=self.eps)

    def extra_repr(self) -> str:
        """The width and ε."""
        return f"{self.weight.shape[0]}, eps={self.eps}"


def _expect_eps(eps: float) -> None:
    if not 0 < eps < 1:
        raise InputError(f"eps must be a small positive number; got {eps}.")

"""Activations (激活函数) as layers, and by name for configurations.

The functions themselves, with formula and derivative, are in `minibig/ops/elementwise.py`.
"""

from collections.abc import Callable
from typing import Any

from minibig.autograd import Tensor
from minibig.backend import InputError
from minibig.nn.module import Module
from minibig.ops import gelu, gelu_tanh, relu, sigmoid, silu, tanh

Activation = Callable[[Any], Any]

ACTIVATIONS: dict[str, Activation] = {
    "relu": relu,
    "gelu": gelu,
    "gelu_tanh": gelu_tanh,
    "silu": silu,
    "tanh": tanh,
    "sigmoid": sigmoid,
}


def activation(name: str) -> Activation:
    """The activation function called `name`.

    >>> activation("swish")
    Traceback (most recent call last):
    minibig.backend.errors.InputError: there is no activation 'swish'. Use one of relu, gelu, \
gelu_tanh, silu, tanh, sigmoid.
    """
    if name not in ACTIVATIONS:
        raise InputError(f"there is no activation {name!r}. Use one of {', '.join(ACTIVATIONS)}.")
    return ACTIVATIONS[name]


class ReLU(Module):
    """y = max(0, x), the rectified linear unit.

    >>> ReLU()(mb.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """

    def forward(self, x: Any) -> Tensor:
        """max(0, x)."""
        return relu(x)


class GELU(Module):
    """y = x·Φ(x), the Gaussian error linear unit, in its exact form.

    Source:  Hendrycks and Gimpel 2016, arXiv:1606.08415, section 2.

    >>> GELU()(mb.tensor([-1.0, 0.0, 1.0])).tolist()
    [-0.1587, 0.0, 0.8413]
    """

    def forward(self, x: Any) -> Tensor:
        """x·Φ(x)."""
        return gelu(x)


class SiLU(Module):
    """y = x·σ(x), also called swish.

    Source:  Hendrycks and Gimpel 2016, arXiv:1606.08415, section 2 (as SiLU).

    >>> SiLU()(mb.tensor([0.0]))
    tensor([0.])
    """

    def forward(self, x: Any) -> Tensor:
        """x·σ(x)."""
        return silu(x)


class Tanh(Module):
    """y = tanh x.

    >>> Tanh()(mb.tensor([0.0]))
    tensor([0.])
    """

    def forward(self, x: Any) -> Tensor:
        """tanh x."""
        return tanh(x)


class Sigmoid(Module):
    """y = 1 / (1 + e⁻ˣ).

    >>> Sigmoid()(mb.tensor([0.0]))
    tensor([0.5])
    """

    def forward(self, x: Any) -> Tensor:
        """σ(x)."""
        return sigmoid(x)

"""Activations (激活函数) as layers, and by name for configurations.

The functions themselves, with formula and derivative, are in `minibig/ops/elementwise.py`.
"""

import math
from collections.abc import Callable
from typing import Any

from minibig.autograd import Tensor
from minibig.backend import InputError
from minibig.nn.module import Module
from minibig.ops import elu, gelu, gelu_tanh, leaky_relu, relu, sigmoid, silu, tanh

Activation = Callable[[Any], Any]

ACTIVATIONS: dict[str, Activation] = {
    "relu": relu,
    "leaky_relu": leaky_relu,
    "elu": elu,
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
    minibig.backend.errors.InputError: there is no activation 'swish'. Use one of relu, \
leaky_relu, elu, gelu, gelu_tanh, silu, tanh, sigmoid.
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


class LeakyReLU(Module):
    """y = x where x > 0, else slope·x: a rectified linear unit that never stops learning.

    Raises:  InputError unless the slope is a number of 0 or more.
    Source:  Maas, Hannun and Ng 2013, "Rectifier nonlinearities improve neural network acoustic
             models", section 2.

    >>> LeakyReLU(0.25)(mb.tensor([-1.0, 2.0]))
    tensor([-0.25, 2. ])
    """

    def __init__(self, slope: float = 0.01):
        self.slope = _checked_number("slope", slope)

    def forward(self, x: Any) -> Tensor:
        """max(0, x) + slope·min(0, x)."""
        return leaky_relu(x, slope=self.slope)

    def extra_repr(self) -> str:
        """The slope."""
        return f"{self.slope}"


class ELU(Module):
    """y = x where x > 0, else α·(eˣ − 1), the exponential linear unit.

    Raises:  InputError unless alpha is a number of 0 or more.
    Source:  Clevert, Unterthiner and Hochreiter 2016, arXiv:1511.07289, section 3.

    >>> ELU()(mb.tensor([-1.0, 2.0])).tolist()
    [-0.6321, 2.0]
    """

    def __init__(self, alpha: float = 1.0):
        self.alpha = _checked_number("alpha", alpha)

    def forward(self, x: Any) -> Tensor:
        """x where x > 0, else α·(eˣ − 1)."""
        return elu(x, alpha=self.alpha)

    def extra_repr(self) -> str:
        """Alpha."""
        return f"{self.alpha}"


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


def _checked_number(name: str, value: Any) -> float:
    """The slope or alpha of a layer as a float."""
    number = isinstance(value, float | int) and not isinstance(value, bool)
    if not (number and math.isfinite(value) and value >= 0):
        raise InputError(f"{name} must be a number of 0 or more; got {value!r}.")
    return float(value)

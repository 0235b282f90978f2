"""Activations (激活函数) as layers, and by name for configurations.

The functions themselves, with formula, derivative and source, are in `minibig/ops/elementwise.py`.
"""

from collections.abc import Callable
from typing import Any

from minibig.autograd import Tensor
from minibig.backend.checks import number, one_of
from minibig.nn.module import Module
from minibig.ops import elu, gelu, gelu_tanh, leaky_relu, relu, sigmoid, silu, tanh

ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "relu": relu,
    "leaky_relu": leaky_relu,
    "elu": elu,
    "gelu": gelu,
    "gelu_tanh": gelu_tanh,
    "silu": silu,
    "tanh": tanh,
    "sigmoid": sigmoid,
}


def activation(name: str) -> Callable[[Any], Any]:
    """The activation function called `name`.

    >>> activation("swish")
    Traceback (most recent call last):
    minibig.backend.errors.InputError: activation must be one of relu, leaky_relu, elu, gelu, \
gelu_tanh, silu, tanh, sigmoid; got 'swish'.
    """
    return ACTIVATIONS[one_of("activation", name, ACTIVATIONS)]


class Activation(Module):
    """A function of one variable as a layer: y = function(x, numbers), element by element.

    Raises:  InputError unless the numbers that shape the function are 0 or more.

    >>> Activation(mb.tanh)(mb.tensor([0.0])), LeakyReLU(0.25)(mb.tensor([-1.0, 2.0]))
    (tensor([0.]), tensor([-0.25, 2. ]))
    """

    def __init__(self, function: Callable[..., Any], **numbers: float):
        self.function = function
        self.numbers = {name: number(name, value, least=0) for name, value in numbers.items()}

    def forward(self, x: Any) -> Tensor:
        y: Tensor = self.function(x, **self.numbers)
        return y

    def extra_repr(self) -> str:
        name = [str(self.function)] if type(self) is Activation else []
        return ", ".join([*name, *map(str, self.numbers.values())])


class ReLU(Activation):
    """`mb.relu` as a layer."""

    def __init__(self) -> None:
        super().__init__(relu)


class LeakyReLU(Activation):
    """`mb.leaky_relu` as a layer.

    Source:  Maas, Hannun and Ng 2013, "Rectifier nonlinearities improve neural network acoustic
             models", section 2.
    """

    def __init__(self, slope: float = 0.01):
        super().__init__(leaky_relu, slope=slope)


class ELU(Activation):
    """`mb.elu` as a layer.

    Source:  Clevert, Unterthiner and Hochreiter 2016, arXiv:1511.07289, section 3.
    """

    def __init__(self, alpha: float = 1.0):
        super().__init__(elu, alpha=alpha)


class GELU(Activation):
    """`mb.gelu` as a layer."""

    def __init__(self) -> None:
        super().__init__(gelu)


class SiLU(Activation):
    """`mb.silu` as a layer."""

    def __init__(self) -> None:
        super().__init__(silu)


class Tanh(Activation):
    """`mb.tanh` as a layer."""

    def __init__(self) -> None:
        super().__init__(tanh)


class Sigmoid(Activation):
    """`mb.sigmoid` as a layer."""

    def __init__(self) -> None:
        super().__init__(sigmoid)

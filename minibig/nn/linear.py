"""The affine layer (全连接层)."""

from typing import Any

from minibig.autograd import Tensor
from minibig.backend.checks import flag, whole
from minibig.nn.initializers import constant_weights, glorot_uniform
from minibig.nn.module import Module
from minibig.nn.parameter import Parameter
from minibig.ops import linear


class Linear(Module):
    """`mb.linear` with a weight and a bias that are learned.

    The weight starts as `glorot_uniform`, the bias as 0.

    Shapes:  x (..., D)  ->  (..., F), with D = d_in, F = d_out, weight (D, F) and bias (F).
    Cost:    2·D·F multiplications and additions a row.
    Raises:  InputError if the last axis of x is not d_in.
    Source:  Rumelhart, Hinton and Williams 1986, Nature 323, eq. 1, with a bias.

    >>> Linear(3, 5)(mb.ones((2, 7, 3))).shape
    (2, 7, 5)
    """

    def __init__(self, d_in: int, d_out: int, bias: bool = True):
        self.d_in = whole("d_in", d_in, least=1)
        self.d_out = whole("d_out", d_out, least=1)
        self.weight = Parameter(glorot_uniform((self.d_in, self.d_out)))
        self.bias = Parameter(constant_weights((self.d_out,), 0.0)) if flag("bias", bias) else None

    def forward(self, x: Any) -> Tensor:
        return linear(x, self.weight, self.bias)

    def extra_repr(self) -> str:
        return f"{self.d_in}, {self.d_out}, bias={self.bias is not None}"

"""The affine layer (全连接层)."""

from typing import Any

from minibig.autograd import Tensor
from minibig.nn.initializers import glorot_uniform
from minibig.nn.module import Module, expect_size
from minibig.nn.parameter import Parameter
from minibig.ops import linear, zeros


class Linear(Module):
    """The affine map of a layer: every output is a weighted sum of all inputs.

        y = x W + b

    W starts as `glorot_uniform`, b as 0.

    Shapes:  x (..., D), W (D, F), b (F)  ->  (..., F), with D = d_in and F = d_out.
    Cost:    2·D·F multiplications and additions a row.
    Raises:  InputError if the last axis of x is not d_in.
    Source:  Rumelhart, Hinton and Williams 1986, Nature 323, eq. 1, with the bias as b.

    >>> Linear(3, 5)(mb.ones((2, 7, 3))).shape
    (2, 7, 5)
    """

    def __init__(self, d_in: int, d_out: int, bias: bool = True):
        expect_size(d_in=d_in, d_out=d_out)
        self.weight = Parameter(glorot_uniform((d_in, d_out)))
        self.bias = Parameter(zeros((d_out,))) if bias else None

    def forward(self, x: Any) -> Tensor:
        """x W + b."""
        return linear(x, self.weight, self.bias)

    def extra_repr(self) -> str:
        """The sizes, and whether there is a bias."""
        d_in, d_out = self.weight.shape
        return f"{d_in}, {d_out}, bias={self.bias is not None}"

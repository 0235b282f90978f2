"""Dropout (随机失活) as a layer."""

from typing import Any

from minibig.autograd import Tensor
from minibig.backend import dropout_key
from minibig.backend.checks import number
from minibig.nn.module import Module
from minibig.ops import dropout


class Dropout(Module):
    """`mb.dropout` while training; while evaluating, nothing.

    The mask depends on the seed, the training step, the path of this module, the number of the
    call and the number of the example (axis 0), and on nothing else.

    Shapes:  x (B, ...)  ->  (B, ...).
    Raises:  InputError unless 0 <= p < 1.
    Source:  Srivastava et al. 2014, JMLR 15, section 4, scaled while training instead of after.

    >>> Dropout(0.5).eval()(mb.tensor([1.0, 2.0]))
    tensor([1., 2.])
    """

    def __init__(self, p: float):
        self.p = number("the dropout probability p", p, least=0, below=1)

    @property
    def active(self) -> bool:
        """Whether anything is dropped now."""
        return self.training and self.p > 0

    def forward(self, x: Any) -> Tensor:
        """x with some numbers dropped, or x itself."""
        return dropout(x, p=self.p, key=dropout_key(self.path or "")) if self.active else x

    def extra_repr(self) -> str:
        return f"{self.p}"

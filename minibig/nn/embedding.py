"""The table of vectors for token ids (词嵌入)."""

from typing import Any

from minibig.autograd import Tensor, tensor
from minibig.backend import Array, Device, is_array, to_device
from minibig.nn.initializers import normal
from minibig.nn.module import Module, expect_size
from minibig.nn.parameter import Parameter
from minibig.ops import embedding


class Embedding(Module):
    """A table with one learned vector per token: the id is the number of the row.

        y = W[id],   W ~ N(0, 1) at the start

    It is the product of a one-hot vector with W, without the multiplications by 0.

    Shapes:  ids (...), W (V, D)  ->  (..., D), with V = n and D = d.
    Raises:  InputError for an id that is negative, V or more, or not an integer.
    Source:  Bengio et al. 2003, JMLR 3, section 2 (the matrix C).

    >>> Embedding(10, 4)([[1, 2, 3]]).shape
    (1, 3, 4)
    """

    def __init__(self, n: int, d: int):
        expect_size(n=n, d=d)
        self.weight = Parameter(normal((n, d), std=1.0))

    def forward(self, ids: Any) -> Tensor:
        """The rows of the ids: a tensor, an array, or nested lists of integers."""
        return embedding(self.weight, Tensor(ids_array(ids, self.weight.device)))

    def extra_repr(self) -> str:
        """The number of rows and their length."""
        n, d = self.weight.shape
        return f"{n}, {d}"


def ids_array(ids: Any, where: Device) -> Array:
    """The ids (a tensor, an array, or nested lists of integers) as an array on a device.

    >>> from minibig.backend import CPU
    >>> ids_array([[1, 2]], CPU)
    array([[1, 2]])
    """
    array = ids.data if isinstance(ids, Tensor) else ids
    return to_device(array if is_array(array) else tensor(array, device="cpu").data, where)

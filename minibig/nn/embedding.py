"""The table of vectors for token ids (词嵌入)."""

from typing import Any

from minibig.autograd import Tensor, tensor
from minibig.backend import Array, Device, is_array, plain, to_device
from minibig.backend.checks import whole
from minibig.nn.initializers import normal_weights
from minibig.nn.module import Module
from minibig.nn.parameter import Parameter
from minibig.ops import embedding, linear


class Embedding(Module):
    """`mb.embedding` with a table that is learned: one vector for each token, from N(0, 1).

    Shapes:  ids (...)  ->  (..., D), with V = n, D = d and weight (V, D).
    Raises:  InputError for an id that is negative, V or more, or not an integer.
    Source:  Bengio et al. 2003, JMLR 3, section 2 (the matrix C).

    >>> Embedding(10, 4)([[1, 2, 3]]).shape
    (1, 3, 4)
    """

    def __init__(self, n: int, d: int):
        self.n = whole("n", n, least=1)
        self.d = whole("d", d, least=1)
        self.weight = Parameter(normal_weights((self.n, self.d), std=1.0))

    def forward(self, ids: Any) -> Tensor:
        """The rows of the ids: a tensor, an array, or nested lists of integers."""
        return embedding(self.weight, Tensor(ids_array(ids, self.weight.device)))

    def logits(self, h: Tensor) -> Tensor:
        """h Wᵀ: the table as an output layer, which scores every token by the product of vectors.

        Shapes:  h (..., D)  ->  (..., V).
        Source:  Press and Wolf 2017, arXiv:1608.05859.
        """
        return linear(h, self.weight.T)

    def extra_repr(self) -> str:
        return f"{self.n}, {self.d}"


def ids_array(ids: Any, where: Device) -> Array:
    """The ids (a tensor, an array, or nested lists of integers) as an array on a device.

    >>> from minibig.backend import CPU
    >>> ids_array([[1, 2]], CPU)
    array([[1, 2]])
    """
    array = ids.data if isinstance(ids, Tensor) else plain(ids)
    return to_device(array if is_array(array) else tensor(array, device="cpu").data, where)

"""What tensors have in common with arrays: properties here, operators and methods from `ops/`.

The types of all of them stand in `tensor_methods.pyi`.
"""

from operator import attrgetter


class TensorMethods:
    """The base of Tensor: what arrays can do. `ops/methods.py` is the table of its methods."""

    __slots__ = ()

    # As functions of Python they would cost twice as much.
    shape = property(attrgetter("data.shape"), doc="The length of every axis.")
    ndim = property(attrgetter("data.ndim"), doc="The number of axes.")
    size = property(attrgetter("data.size"), doc="The number of elements.")
    dtype = property(attrgetter("data.dtype"), doc="The type of the elements.")

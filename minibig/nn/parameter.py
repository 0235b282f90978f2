"""Parameter: a tensor that is learned, and the one way to change it.

Tensors have no in-place operations, because a graph may still need their arrays. Training changes
parameters all the time, so `assign` writes them in place, and tells the clock: a backward pass
through a graph that used the earlier values is refused instead of being wrong. `p.data -= change`
counts as such an assignment; what is written by `p.data[...] = values` is not noticed. The array of
a frozen parameter on the CPU refuses to be written.
"""

from typing import Any

from minibig.autograd import Leaf, Tensor, next_order, read_only, tensor
from minibig.backend import Array, Device, InputError, device_of, is_array, plain, to_device
from minibig.nn.placeholders import (
    count_parameter,
    is_placeholder,
    placeholder,
    values_are_left_out,
)


class Parameter(Tensor):
    """A tensor that is learned: a leaf with an array of its own, written by `assign`.

    >>> weight = Parameter([1.0, 2.0])
    >>> weight.assign(weight * 2)
    >>> weight
    tensor([2., 4.], requires_grad=True)
    """

    __slots__ = ()

    def __init__(self, values: Any):
        if values_are_left_out():
            count_parameter()
            like = values if isinstance(values, Tensor) else tensor(values)
            values = placeholder(like.shape, like.dtype, like.device)
        else:
            values = tensor(values)
        super().__init__(values.data)
        self.edge = (Leaf(self.data), 0)

    @property
    def requires_grad(self) -> bool:
        """Whether it is learned; False freezes it, and drops its gradient."""
        return self.edge is not None

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        if value and self.edge is None:
            self.data = self.data.copy()  # graphs from the frozen time keep the old array
            self.edge = (Leaf(self.data), 0)
        elif not value:
            self.edge, self.data = None, read_only(self.data)

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "data" and not is_array(value):
            raise InputError(
                f"the data of a parameter is an array; got {type(value).__name__}. "
                "Give it new values with parameter.assign(values)."
            )
        if name == "data" and self.edge is not None and value is self.data:
            self._outdate()  # `p.data -= change` has written into it, and sets it last
        super().__setattr__(name, value)

    def assign(self, values: "Tensor | Array") -> None:
        """Give the parameter new values; a backward pass through the old ones is then refused.

        A learned parameter is written in place. A frozen one gets a new array: graphs hold its
        array without knowing whose it is.

        Raises:  InputError unless shape, dtype and device are those of the parameter.

        >>> Parameter([1.0, 2.0]).assign(tensor([0.0, 0.0, 0.0]))
        Traceback (most recent call last):
        minibig.backend.errors.InputError: a parameter of shape (2,), float32, on cpu was assigned \
shape (3,), float32, on cpu. Convert the values first.
        """
        new = values.data if isinstance(values, Tensor) else plain(values)
        if new is self.data and self.edge is not None:  # written already, by an optimizer
            self._outdate()
            return
        if not is_array(new):
            raise InputError(f"assign needs a tensor or an array; got {type(values).__name__}.")
        if (new.shape, new.dtype, device_of(new)) != (self.shape, self.dtype, self.device):
            raise InputError(
                f"a parameter of {_kind(self.data)} was assigned {_kind(new)}. "
                "Convert the values first."
            )
        if self.edge is None or is_placeholder(self.data):
            values = new if is_placeholder(new) else new.copy()
            self.data = read_only(values) if self.edge is None else values
        else:
            self.data[...] = new
        self._outdate()

    def move(self, dtype: Any, where: Device) -> None:
        """Convert the parameter to another dtype and device; its gradient is dropped."""
        if dtype == self.dtype and where == self.device:
            return
        learned = self.edge is not None
        self._outdate()
        self.edge = None
        if is_placeholder(self.data):
            self.data = placeholder(self.shape, dtype, where).data
        else:
            self.data = to_device(self.data.astype(dtype, copy=True), where)
        if learned:
            self.edge = (Leaf(self.data), 0)
        else:
            self.data = read_only(self.data)

    def _refuse_in_place(self, other: Any) -> Any:
        raise InputError(
            "a parameter is not changed by -= and the like: the name would then stand for a new "
            "tensor, and the parameter would stay as it is. Use parameter.assign(parameter - "
            "change), or an optimizer of mb.optim."
        )

    __iadd__ = __isub__ = __imul__ = __itruediv__ = __ipow__ = __imatmul__ = _refuse_in_place
    __ifloordiv__ = __imod__ = _refuse_in_place

    def _outdate(self) -> None:
        """Let graphs that used the values until now refuse to go backward."""
        if self.edge is not None:
            self.edge[0].version = next_order()  # type: ignore[misc]


def _kind(array: Array) -> str:
    return f"shape {tuple(array.shape)}, {array.dtype}, on {device_of(array)}"

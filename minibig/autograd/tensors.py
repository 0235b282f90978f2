"""Tensor, and the nodes of the graph that remembers where it came from.

A `Tensor` is an array and an edge: which output of which node it is. Edges lead from results back
to inputs and join nodes, not tensors, so there are no reference cycles, and memory goes as soon as
nobody needs it any more. One thing closes a circle: `backward(create_graph=True)`, where the
`.grad` of a leaf has a history that leads back to the leaf. Set `.grad` to None to open it.

One clock orders everything: a node is younger than its inputs, so going from young to old is a
valid order for the backward pass; and a parameter assigned after a node was made is younger than
it, so a backward pass through stale values is noticed.
"""

import itertools
from collections.abc import Iterator
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from minibig.backend import (
    Array,
    Device,
    InputError,
    Shape,
    device_of,
    is_array,
    namespace,
    to_device,
    to_numpy,
)
from minibig.backend import device as device_called
from minibig.numpy_functions import NumPyFunctions

tick = itertools.count(1).__next__

Edge: TypeAlias = tuple["Node", int]


class Node:
    """One recorded operation: its inputs' edges, what its rule saved, what came out (y).

    `outputs` holds (shape, dtype) of every output, `order` the time on the clock, and
    `watched` the gradients that `Tensor.watch` asked for, by output.
    """

    __slots__ = ("edges", "operation", "order", "outputs", "saved", "watched")
    version = 0  # a leaf has its own: when its array was last assigned

    def __init__(self, operation: Any, edges: "tuple[Edge | None, ...]", saved: Any, y: Any):
        self.operation = operation
        self.edges = edges
        self.saved = saved  # the operation's own record; None once the graph was freed
        self.order = tick()
        several = isinstance(y, tuple)
        self.outputs = [(a.shape, a.dtype) for a in y] if several else ((y.shape, y.dtype),)
        self.watched: dict[int, Tensor | None] | None = None


class Leaf(Node):
    """A tensor that was not computed: the place where its gradient gathers."""

    __slots__ = ("grad", "version")

    def __init__(self, data: Array):
        if data.dtype.kind != "f":
            raise InputError(
                f"only floating-point tensors have gradients; got {data.dtype}. "
                "Convert it: x.astype('float32')."
            )
        super().__init__(None, (), (), data)
        self.grad: Tensor | None = None
        self.version = self.order


class Tensor:
    """An array that remembers how it was computed, so that derivatives can be taken.

    `data` is the array, `shape`, `dtype` and `device` are its own; the operators and methods are
    listed in `minibig/ops/methods.py`. Make one with `minibig.tensor`.

    >>> x = mb.tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad
    tensor([2., 4., 6.])
    """

    __slots__ = ("__weakref__", "data", "edge")
    __array_ufunc__ = NumPyFunctions()

    def __init__(self, data: Array, edge: Edge | None = None):
        self.data = data
        self.edge = edge

    if TYPE_CHECKING:  # as properties of Python they would cost twice as much
        shape: Shape
        ndim: int
        size: int
        dtype: np.dtype[Any]
    else:
        shape = property(attrgetter("data.shape"), doc="The length of every axis.")
        ndim = property(attrgetter("data.ndim"), doc="The number of axes.")
        size = property(attrgetter("data.size"), doc="The number of elements.")
        dtype = property(attrgetter("data.dtype"), doc="The type of the elements.")

    @property
    def device(self) -> Device:
        """Where the array lives."""
        return device_of(self.data)

    @property
    def requires_grad(self) -> bool:
        """Whether derivatives with respect to this tensor are recorded."""
        return self.edge is not None

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        if self.edge is not None and not isinstance(self.edge[0], Leaf):
            raise InputError(
                "requires_grad is set on leaves only; got a result of "
                f"{self.edge[0].operation}. Use x.detach()."
            )
        if not value:
            self.edge = None
        elif self.edge is None:
            self.edge = (Leaf(self.data), 0)

    @property
    def grad(self) -> "Tensor | None":
        """The gathered gradient of a leaf, or of a tensor that is watched; else None."""
        if self.edge is None:
            return None
        node, index = self.edge
        return node.grad if isinstance(node, Leaf) else (node.watched or {}).get(index)

    @grad.setter
    def grad(self, value: "Tensor | None") -> None:
        if self.edge is None or not isinstance(self.edge[0], Leaf):
            raise InputError("grad can be set on leaves that require a gradient only.")
        if value is None:
            self.edge[0].grad = None
        elif isinstance(value, Tensor) and (value.shape, value.dtype) == (self.shape, self.dtype):
            self.edge[0].grad = Tensor(value.data.copy(), value.edge)
        else:
            kind = type(value).__name__
            if isinstance(value, Tensor):
                kind = f"{value.dtype} of shape {value.shape}"
            raise InputError(
                f"grad must be {self.dtype} of shape {self.shape} or None; got {kind}."
            )

    def watch(self) -> "Tensor":
        """Keep the gradient of this intermediate result, too; read it as `.grad`. Returns self.

        >>> x = mb.tensor([1.0, 2.0], requires_grad=True)
        >>> y = mb.exp(x).watch()
        >>> (3.0 * y).sum().backward()
        >>> y.grad
        tensor([3., 3.])
        """
        if self.edge is None:
            raise InputError("watch needs a tensor that requires a gradient; this one is constant.")
        node, index = self.edge
        if not isinstance(node, Leaf):
            node.watched = {**(node.watched or {}), index: None}
        return self

    def detach(self) -> "Tensor":
        """The same values, as a constant."""
        return Tensor(self.data)

    def numpy(self) -> Array:
        """The values as a read-only NumPy array: a view on the CPU, a copy from a GPU."""
        view = to_numpy(self.data).view()
        view.flags.writeable = False
        return view

    def item(self) -> Any:
        """The one element as a Python number."""
        if self.size != 1:
            raise InputError(f"item() needs exactly one element; got shape {self.shape}.")
        return self.data.item()

    def tolist(self) -> Any:
        """The values as nested lists of Python numbers."""
        return to_numpy(self.data).tolist()

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("a tensor without axes has no length; x.item() gives its number.")
        return self.shape[0]

    def __iter__(self) -> "Iterator[Tensor]":
        return iter([self[i] for i in range(len(self))])

    def __bool__(self) -> bool:
        if self.size != 1:
            raise InputError(
                f"the truth of shape {self.shape} is ambiguous. Use x.any() or x.all()."
            )
        return bool(self.data.item())

    def __contains__(self, value: Any) -> bool:
        return bool((self.data == (value.data if isinstance(value, Tensor) else value)).any())

    def __format__(self, specification: str) -> str:
        if not specification:
            return str(self)
        if self.size != 1:
            raise InputError(
                f"the format {specification!r} needs one element; got shape {self.shape}. "
                "Format the elements of x.tolist()."
            )
        return format(self.data.item(), specification)

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __index__(self) -> int:
        if self.size != 1 or self.dtype.kind not in "iu":
            raise TypeError(f"an index must be one integer; got shape {self.shape}, {self.dtype}.")
        return int(self.data.item())

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        if self.edge is not None:
            raise InputError("NumPy would lose the derivative. Use mb's function, or x.detach().")
        return np.array(self.numpy(), dtype=dtype, copy=copy)

    def __repr__(self) -> str:
        parts = [np.array2string(to_numpy(self.data), separator=", ", prefix="tensor(")]
        if self.dtype not in (np.float32, np.int64, np.bool_):
            parts.append(f"dtype={self.dtype}")
        if self.device.kind != "cpu":
            parts.append(f"device='{self.device}'")
        if self.edge is not None:
            operation = self.edge[0].operation  # a leaf has none
            parts.append(f"from={operation}" if operation else "requires_grad=True")
        return f"tensor({', '.join(parts)})"

    def __reduce__(self) -> Any:
        if self.edge is not None and not isinstance(self.edge[0], Leaf):
            raise InputError(
                f"a result of {self.edge[0].operation} cannot be pickled or deep-copied, because "
                "its history cannot. Take x.detach(), or x.clone() for a copy with history."
            )
        return _restored, (type(self), self.data, self.requires_grad, self.grad)

    def __copy__(self) -> "Tensor":
        return Tensor(self.data, self.edge)

    def _refuse_in_place(self, other: Any) -> Any:
        """What `x -= y` does: on a leaf nothing that its user can mean, else x = x - y."""
        if self.edge is None or not isinstance(self.edge[0], Leaf):
            return NotImplemented
        raise InputError(
            "a tensor that requires a gradient is not changed by -= and the like: the name would "
            "stand for a new tensor. Learn mb.nn.Parameter(x) with an optimizer of mb.optim or by "
            "p.assign(p - change); or write y = x - change."
        )

    __iadd__ = __isub__ = __imul__ = __itruediv__ = __ipow__ = __imatmul__ = _refuse_in_place
    __ifloordiv__ = __imod__ = __iand__ = __ior__ = _refuse_in_place

    if TYPE_CHECKING:  # the table in ops/methods.py gives these

        def _unary(self) -> "Tensor": ...
        def _binary(self, other: Any, /) -> "Tensor": ...
        def _method(self, *arguments: Any, **keywords: Any) -> "Tensor": ...
        def _several(self, *arguments: Any, **keywords: Any) -> "tuple[Tensor, ...]": ...
        def backward(
            self, gradient: Any = None, *, retain_graph: bool = False, create_graph: bool = False
        ) -> None: ...
        def trace(self, gradient: Any = None) -> None: ...
        @property
        def T(self) -> "Tensor": ...

        __neg__ = __abs__ = __invert__ = __floor__ = __ceil__ = _unary
        __add__ = __sub__ = __mul__ = __truediv__ = __pow__ = __matmul__ = _binary
        __radd__ = __rsub__ = __rmul__ = __rtruediv__ = __rpow__ = __rmatmul__ = _binary
        __mod__ = __rmod__ = __floordiv__ = __rfloordiv__ = __getitem__ = _binary
        __lt__ = __le__ = __gt__ = __ge__ = __and__ = __rand__ = __or__ = __ror__ = _binary
        __xor__ = __rxor__ = _binary
        __eq__ = __ne__ = _binary  # type: ignore[assignment]
        abs = ceil = clone = copy = cos = exp = floor = isfinite = isinf = isnan = _unary
        log = relu = sigmoid = sign = sin = sqrt = tanh = _unary
        __round__ = all = any = argmax = argmin = argsort = astype = clip = _method
        cumprod = cumsum = diagonal = expand_dims = flatten = log_softmax = logsumexp = _method
        max = mean = min = norm = prod = ravel = repeat = reshape = round = softmax = _method
        sort = squeeze = std = sum = swapaxes = take = to = transpose = var = _method
        nonzero = split = _several


def _restored(kind: Any, data: Array, requires_grad: bool, grad: Tensor | None) -> Any:
    """A constant or a leaf that was pickled or deep-copied."""
    result = kind.__new__(kind)
    Tensor.__init__(result, data)
    if requires_grad:
        result.edge = (Leaf(data), 0)
        result.grad = grad
    return result


def as_tuple(y: Any) -> tuple[Any, ...]:
    """y itself if it is a tuple, else the tuple of y alone."""
    return y if isinstance(y, tuple) else (y,)


def gathered(before: Tensor | None, g: Any, private: bool) -> Tensor:
    """The gradient `before` plus g, in memory of its own; an array g itself if it is private."""
    if before is not None and (before.edge is not None or isinstance(g, Tensor)):
        return before + g
    if before is not None:
        before.data += g
        return before
    if isinstance(g, Tensor):
        return Tensor(g.data.copy(), g.edge)
    keep = private and g.ndim and g.flags.c_contiguous  # without axes it may be a NumPy scalar
    return Tensor(g if keep else namespace(g).array(g, copy=True, order="C"))


def _are_whole(values: Any) -> bool:
    return all(isinstance(value, int) for value in values.flat)


def tensor(
    values: Any,
    dtype: Any = None,
    device: "str | Device | None" = None,
    requires_grad: bool = False,
) -> Tensor:
    """A tensor with a copy of `values`: numbers, nested lists, an array or a tensor.

    Python floats become float32; arrays keep their dtype and their device.

    Raises:  InputError if the values are not numbers or not rectangular.

    >>> mb.tensor([[1, 2], [3, 4.5]])
    tensor([[1. , 2. ],
            [3. , 4.5]])
    """
    values = values.data if isinstance(values, Tensor) else values
    known = is_array(values)
    try:
        array = values.astype(dtype or values.dtype) if known else np.array(values, dtype)
    except OverflowError as error:
        raise InputError(f"tensor() expected integers that fit {dtype}: {error}.") from None
    except (ValueError, TypeError) as error:
        raise InputError(f"tensor() expected numbers in a rectangular shape: {error}.") from None
    if array.dtype.kind not in "fiub":
        advice = " Encode text with a tokenizer first." if array.dtype.kind in "USO" else ""
        raise InputError(
            "tensor() expected bools or real numbers, whole ones within 64 bits; "
            f"got {array.dtype}.{advice}"
        )
    integers = known and array.dtype.kind in "iu" and values.dtype.kind in "iu"
    if integers and array.dtype != values.dtype and (array != values).any():
        raise InputError(f"tensor() expected integers that fit {array.dtype}; some do not.")
    of_python = not (known or isinstance(values, np.generic))
    if of_python and dtype is None and array.dtype == np.float64:
        if (abs(array) >= 2**63).any() and _are_whole(np.array(values, object)):
            raise InputError("tensor() expected whole numbers that fit 64 bits together.")
        array = array.astype(np.float32)
    if device is not None or not known:
        array = to_device(array, device_called(device))
    result = Tensor(array)
    result.requires_grad = requires_grad
    return result

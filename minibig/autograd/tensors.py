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
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np

from minibig.autograd.tensor_methods import TensorMethods
from minibig.backend import Array, Device, InputError, devices, is_array, namespace, plain, to_numpy
from minibig.backend.checks import real_dtype
from minibig.numpy_functions import NumPyFunctions

next_order = itertools.count(1).__next__

Edge: TypeAlias = tuple["Node", int]
Function: TypeAlias = Callable[..., Any]
Pattern: TypeAlias = tuple[bool, ...]  # for each input, whether it requires a gradient


class Node:
    """One recorded operation: its inputs' edges, what its rule saved, what came out (y).

    `pattern` says which inputs require a gradient, `outputs` holds (shape, dtype) of every output,
    `order` the time on the clock, and `watched` the gradients that `Tensor.watch` asked for.
    """

    __slots__ = ("edges", "operation", "order", "outputs", "pattern", "saved", "watched")
    version = 0  # a leaf has its own: when its array was last assigned

    def __init__(self, operation: Any, edges: "tuple[Edge | None, ...]", saved: Any, y: Any):
        self.operation = operation
        self.edges = edges
        self.pattern: Pattern = tuple(map(bool, edges))  # an edge is a pair, or None
        self.saved = saved  # the operation's own record; None once the graph was freed
        self.order = next_order()
        several = isinstance(y, tuple)
        self.outputs = [(a.shape, a.dtype) for a in y] if several else ((y.shape, y.dtype),)
        self.watched: dict[int, Tensor | None] | None = None

    def inputs(self, arrays: Sequence[Any]) -> "list[Tensor | None]":
        """Its inputs again, as tensors with their history, from their arrays."""
        pairs = zip(arrays, self.edges, strict=True)
        return [None if array is None else Tensor(array, edge) for array, edge in pairs]


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


class Tensor(TensorMethods):
    """An array that remembers how it was computed, so that derivatives can be taken.

    `data` is the array, `shape`, `dtype` and `device` are its own; the operators and methods are
    listed in `minibig/ops/methods.py`. Make one with `minibig.tensor`. Graphs hold `data`, so it is
    read only: that of a leaf on the CPU refuses to be written, that of others is not watched.

    >>> x = mb.tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad
    tensor([2., 4., 6.])
    """

    __slots__ = ("__weakref__", "data", "edge")
    __array_ufunc__ = NumPyFunctions()

    def __init__(self, data: Array, edge: Edge | None = None):
        self.edge = edge
        self.data = data

    @property
    def device(self) -> Device:
        """Where the array lives."""
        return devices.device_of(self.data)

    @property
    def requires_grad(self) -> bool:
        """Whether derivatives with respect to this tensor are recorded."""
        return self.edge is not None

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        if operation := self._operation():
            raise InputError(
                f"requires_grad is set on leaves only; got a result of {operation}. Use x.detach()."
            )
        if not value:
            self.edge = None
        elif self.edge is None:
            self.edge = (Leaf(self.data), 0)
            self.data = read_only(self.data)  # graphs hold it: `x.data -= 1` would make them wrong

    @property
    def grad(self) -> "Tensor | None":
        """The accumulated gradient of a leaf, or of a tensor that is watched; else None."""
        if self.edge is None:
            return None
        node, index = self.edge
        return node.grad if isinstance(node, Leaf) else (node.watched or {}).get(index)

    @grad.setter
    def grad(self, value: "Tensor | None") -> None:
        if self.edge is None or not isinstance(self.edge[0], Leaf):
            raise InputError("grad can be set on leaves that require a gradient only.")
        fits = isinstance(value, Tensor) and (value.shape, value.dtype) == (self.shape, self.dtype)
        if value is not None and not fits:
            expected = f"{self.dtype} of shape {self.shape}"
            raise InputError(f"grad must be {expected} or None; got {kind_of(value)}.")
        self.edge[0].grad = None if value is None else Tensor(value.data.copy(), value.edge)

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

    def _operation(self) -> Any:
        """The operation of which this is a result; a leaf and a constant have none."""
        return None if self.edge is None else self.edge[0].operation

    def _element(self, use: str, advice: str = "") -> Any:
        """The one element as a Python number; `use` says what needs it."""
        if self.size != 1:
            raise InputError(f"{use} one element; got shape {self.shape}. {advice}".strip())
        return self.data.item()

    def detach(self) -> "Tensor":
        """The same values, as a constant."""
        return Tensor(self.data)

    def numpy(self) -> Array:
        """The values as a read-only NumPy array: a view on the CPU, a copy from a GPU."""
        return read_only(to_numpy(self.data))

    def item(self) -> Any:
        """The one element as a Python number."""
        return self._element("item() needs exactly")

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
        advice = "The truth of several is ambiguous: use x.any() or x.all()."
        return bool(self._element("a condition needs", advice))

    def __contains__(self, value: Any) -> bool:
        return bool((self.data == (value.data if isinstance(value, Tensor) else value)).any())

    def __format__(self, specification: str) -> str:
        if not specification:
            return str(self)
        advice = "Format the elements of x.tolist()."
        return format(self._element(f"the format {specification!r} needs", advice), specification)

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
            operation = self._operation()
            parts.append(f"from={operation}" if operation else "requires_grad=True")
        return f"tensor({', '.join(parts)})"

    def __reduce__(self) -> Any:
        if operation := self._operation():
            raise InputError(
                f"a result of {operation} cannot be pickled or deep-copied, because "
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


def read_only(array: Array) -> Array:
    """A view of a NumPy array that refuses to be written; CuPy's arrays have none, and are kept."""
    if isinstance(array, np.ndarray):
        array = array.view()
        array.flags.writeable = False
    return array


def _restored(kind: Any, data: Array, requires_grad: bool, grad: Tensor | None) -> Any:
    """A constant or a leaf that was pickled or deep-copied; written as its original was."""
    result, is_own = kind.__new__(kind), requires_grad != (kind is Tensor)
    Tensor.__init__(result, data if is_own else read_only(data))
    if requires_grad:
        result.edge = (Leaf(data), 0)
        result.grad = grad
    return result


def arrays_and_edges(inputs: Sequence[Any]) -> tuple[list[Any], tuple[Edge | None, ...]]:
    """What a node keeps of its inputs: `Node.inputs` makes tensors of it again."""
    pairs = [(x.data, x.edge) if isinstance(x, Tensor) else (x, None) for x in inputs]
    return [array for array, _ in pairs], tuple([edge for _, edge in pairs])


def wrapped(y: Any, node: Node | None) -> Any:
    """The array(s) y as tensor(s), outputs of `node`."""
    if isinstance(y, tuple):
        return tuple([Tensor(a, None if node is None else (node, i)) for i, a in enumerate(y)])
    if type(y) is not np.ndarray and isinstance(y, np.generic):
        y = np.asarray(y)  # NumPy returns a scalar where CuPy returns an array
    return Tensor(y, None if node is None else (node, 0))


def kind_of(x: Any) -> str:
    """What x is, as an error sentence says it: its type, and of arrays the dtype and the shape."""
    name = type(x).__name__
    return f"{name} of {x.dtype}, shape {x.shape}" if hasattr(x, "dtype") else name


def as_tuple(y: Any) -> tuple[Any, ...]:
    """y itself if it is a tuple, else the tuple of y alone."""
    return y if isinstance(y, tuple) else (y,)


def accumulated(before: Tensor | None, g: Any, private: bool) -> Tensor:
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


def tensor(
    values: Any, dtype: Any = None, device: str | Device | None = None, requires_grad: bool = False
) -> Tensor:
    """A tensor with a copy of `values`: numbers, nested lists, an array or a tensor.

    Python floats become float32; arrays keep their dtype and their device.

    Raises:  InputError if the values are not numbers or not rectangular, or for another dtype.

    >>> mb.tensor([[1, 2], [3, 4.5]])
    tensor([[1. , 2. ],
            [3. , 4.5]])
    """
    values = values.data if isinstance(values, Tensor) else plain(values)
    known = is_array(values)
    dtype = None if dtype is None else real_dtype("tensor: dtype", dtype)
    try:
        array = values.astype(dtype or values.dtype) if known else np.array(values, dtype)
    except (ValueError, TypeError, OverflowError) as error:
        too_large = isinstance(error, OverflowError)
        expected = f"integers that fit {dtype}" if too_large else "numbers in a rectangular shape"
        reason = "rows differ in length" if "inhomogeneous" in str(error) else error
        raise InputError(f"tensor() expected {expected}: {reason}.") from None
    if array.dtype.kind not in "fiub" or array.dtype.itemsize > 8:
        advice = " Encode text with a tokenizer first." if array.dtype.kind in "US" else ""
        got = f"{array.dtype}.{advice}"
        raise InputError(f"tensor() expected bools or real numbers, each within 64 bits; got {got}")
    integers = known and array.dtype.kind in "iu" and values.dtype.kind in "iu"
    if integers and array.dtype != values.dtype and (array != values).any():
        raise InputError(f"tensor() expected integers that fit {array.dtype}; some do not.")
    of_python = not (known or isinstance(values, np.generic))
    if of_python and dtype is None and array.dtype == np.float64:
        large = abs(array).max(initial=0) >= 2**63
        if large and all(isinstance(value, int) for value in np.array(values, object).flat):
            raise InputError("tensor() expected whole numbers that fit 64 bits together.")
        array = array.astype(np.float32)
    if device is not None or not known:
        array = devices.to_device(array, devices.device(device))
    result = Tensor(array)
    result.requires_grad = requires_grad
    return result

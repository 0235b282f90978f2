"""The one table that gives Tensor its operators and methods."""

from typing import Any

from minibig.autograd import Tensor, add, backward, primitive, reshape, trace
from minibig.backend import Array, Device, device, to_device
from minibig.ops import arithmetic, elementwise, indexing, products, reductions, shapes

def _reversed(operation: Any) -> Any:
    return lambda self, other: operation(other, self)

def astype(self: Tensor, dtype: Any) -> Tensor:
    """The same values in another dtype."""
    return elementwise.astype(self, dtype=dtype)

def cumsum(self: Tensor, axis: int | None = None) -> Tensor:
    """The sums of the first elements along `axis`."""
    return reductions.cumsum(self, axis=axis)

@primitive
def moved(x: Array, /, *, source: Device, target: Device) -> Array:
    return to_device(x, target)
moved.defvjp(x=lambda g, source, target: moved(g, source=target, target=source))

def to(self: Tensor, where: "str | Device") -> Tensor:
    """The same values on another device; the tensor itself if it is there already."""
    target = device(where)
    return self if self.device == target else moved(self, source=self.device, target=target)

OPERATORS = {
    "__add__": add, "__radd__": _reversed(add),
    "__sub__": arithmetic.sub, "__rsub__": _reversed(arithmetic.sub),
    "__mul__": arithmetic.mul, "__rmul__": _reversed(arithmetic.mul),
    "__truediv__": arithmetic.div, "__rtruediv__": _reversed(arithmetic.div),
    "__pow__": arithmetic.pow, "__rpow__": _reversed(arithmetic.pow),
    "__matmul__": products.matmul, "__rmatmul__": _reversed(products.matmul),
    "__neg__": arithmetic.neg, "__abs__": elementwise.abs_, "__getitem__": indexing.getitem,
    "__eq__": arithmetic.equal, "__ne__": arithmetic.not_equal,
    "__lt__": arithmetic.less, "__le__": arithmetic.less_equal,
    "__gt__": arithmetic.greater, "__ge__": arithmetic.greater_equal,
    "__and__": arithmetic.logical_and, "__or__": arithmetic.logical_or,
    "__invert__": arithmetic.logical_not,
}

def _reduction(operation: Any) -> Any:
    def method(self: Tensor, axis: Any = None, keepdims: bool = False, **more: Any) -> Tensor:
        return operation(self, axis=axis, keepdims=keepdims, **more)
    method.__doc__ = operation.__doc__
    return method

METHODS = {
    "backward": backward, "trace": trace, "astype": astype, "to": to,
    "sum": _reduction(reductions.sum), "mean": _reduction(reductions.mean),
    "max": _reduction(reductions.max), "min": _reduction(reductions.min),
    "var": _reduction(reductions.var), "std": _reduction(reductions.std),
    "prod": _reduction(reductions.prod), "argmax": _reduction(reductions.argmax),
    "cumsum": cumsum, "clip": arithmetic.clip, "reshape": reshape,
    "transpose": shapes.transpose, "swapaxes": shapes.swapaxes,
}

for name, operation in {**OPERATORS, **METHODS}.items():
    setattr(Tensor, name, operation)

Tensor.T = property(shapes.transpose)  # type: ignore[attr-defined]
Tensor.__hash__ = object.__hash__  # type: ignore[method-assign]

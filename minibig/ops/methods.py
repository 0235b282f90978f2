"""The one table that gives Tensor its operators and methods."""

from typing import Any

from minibig.autograd import Tensor, add, backward, primitive, reshape
from minibig.backend import Array, Device, dtype_or_device, namespace, to_device
from minibig.ops import (
    arithmetic, cumulative, diagonals, elementwise, indexing, logic, padding, products, reductions,
    rounding, shapes, softmaxes, sorting,
)
from minibig.tracing import trace

def _reversed(operation: Any) -> Any:
    return lambda self, other: operation(other, self)

def _compared(operation: Any, otherwise: bool) -> Any:
    """Elementwise comparison; nothing equals None or a text, as in NumPy."""
    def compared(self: Tensor, other: Any) -> Tensor:
        if other is None or isinstance(other, str):
            return Tensor(namespace(self.data).full(self.shape, otherwise))
        return operation(self, other)
    return compared

def _of_bools(sign: str, operation: Any) -> Any:
    """An operator of bools; of integers it would be one of bits, which there is not."""
    def operator(*operands: Any) -> Tensor:
        for x in operands:
            if not isinstance(x, bool) and getattr(getattr(x, "dtype", None), "kind", "") != "b":
                got = getattr(x, "dtype", type(x).__name__)
                raise TypeError(f"{sign} takes bools; got {got}. Compare first: (x > 0) {sign} ...")
        return operation(*operands)
    return operator

@primitive(name="to")
def moved(x: Array, /, *, source: Device, target: Device) -> Array:
    return to_device(x, target)
moved.defvjp(x=lambda g, source, target: moved(g, source=target, target=source))

def to(self: Tensor, where: Any) -> Tensor:
    """The same values on another device, or in another dtype; the tensor itself if it is there.

    >>> mb.tensor([1.0, 2.0]).to(mb.float64).dtype
    dtype('float64')
    """
    dtype, target = dtype_or_device(where)
    if target is None:
        return self if self.dtype == dtype else elementwise.astype(self, dtype=str(dtype))
    return self if self.device == target else moved(self, source=self.device, target=target)

OPERATORS = {
    "__add__": add, "__radd__": _reversed(add),
    "__sub__": arithmetic.sub, "__rsub__": _reversed(arithmetic.sub),
    "__mul__": arithmetic.mul, "__rmul__": _reversed(arithmetic.mul),
    "__truediv__": arithmetic.div, "__rtruediv__": _reversed(arithmetic.div),
    "__pow__": arithmetic.pow, "__rpow__": _reversed(arithmetic.pow),
    "__matmul__": products.matmul, "__rmatmul__": _reversed(products.matmul),
    "__mod__": rounding.remainder, "__rmod__": _reversed(rounding.remainder),
    "__floordiv__": rounding.floor_divide, "__rfloordiv__": _reversed(rounding.floor_divide),
    "__round__": rounding.round, "__floor__": rounding.floor, "__ceil__": rounding.ceil,
    "__neg__": arithmetic.neg, "__abs__": elementwise.abs_, "__getitem__": indexing.getitem,
    "__eq__": _compared(arithmetic.equal, False),
    "__ne__": _compared(arithmetic.not_equal, True),
    "__lt__": arithmetic.less, "__le__": arithmetic.less_equal,
    "__gt__": arithmetic.greater, "__ge__": arithmetic.greater_equal,
    "__and__": _of_bools("&", arithmetic.logical_and),
    "__rand__": _of_bools("&", arithmetic.logical_and),
    "__or__": _of_bools("|", arithmetic.logical_or),
    "__ror__": _of_bools("|", arithmetic.logical_or),
    "__xor__": _of_bools("^", arithmetic.not_equal),
    "__rxor__": _of_bools("^", arithmetic.not_equal),
    "__invert__": _of_bools("~", arithmetic.logical_not),
}

METHODS = {
    "backward": backward, "trace": trace, "to": to,
    # functions of one variable
    "abs": elementwise.abs_, "astype": elementwise.astype, "ceil": rounding.ceil,
    "clip": arithmetic.clip, "clone": elementwise.clone, "copy": elementwise.clone,
    "cos": elementwise.cos, "exp": elementwise.exp, "floor": rounding.floor,
    "isfinite": reductions.isfinite, "isinf": logic.isinf, "isnan": logic.isnan,
    "log": elementwise.log, "relu": elementwise.relu, "round": rounding.round,
    "sigmoid": elementwise.sigmoid, "sign": elementwise.sign, "sin": elementwise.sin,
    "sqrt": elementwise.sqrt, "tanh": elementwise.tanh,
    # reductions
    "all": logic.all, "any": logic.any, "argmax": reductions.argmax, "argmin": reductions.argmin,
    "cumprod": cumulative.cumprod, "cumsum": reductions.cumsum, "logsumexp": reductions.logsumexp,
    "max": reductions.max, "mean": reductions.mean, "min": reductions.min,
    "norm": reductions.norm, "prod": reductions.prod, "std": reductions.std,
    "sum": reductions.sum, "var": reductions.var,
    # along one axis
    "argsort": sorting.argsort, "log_softmax": softmaxes.log_softmax, "softmax": softmaxes.softmax,
    "sort": sorting.sort, "take": indexing.take,
    # shapes
    "diagonal": diagonals.diagonal, "expand_dims": shapes.expand_dims, "flatten": shapes.flatten,
    "nonzero": sorting.nonzero, "ravel": shapes.ravel, "repeat": padding.repeat,
    "reshape": reshape, "split": shapes.split, "squeeze": shapes.squeeze,
    "swapaxes": shapes.swapaxes, "transpose": shapes.transpose,
}

for name, operation in {**OPERATORS, **METHODS}.items():
    setattr(Tensor, name, operation)

Tensor.T = property(shapes.transpose)  # type: ignore[assignment, method-assign]
Tensor.__hash__ = object.__hash__  # type: ignore[method-assign]

"""What others see of the operations: the table that gives Tensor its operators and methods.

Formulas in `ops/` are ordinary functions of tensors. Here, where all of them are there, each is put
back into its module with `composite` around it, which says in a sentence what is wrong where it is
given something else. Names that a module has imported before this are still the bare functions.
"""

from inspect import isfunction
from typing import Any

from minibig.autograd import Tensor, add, backward, composite, primitive, reshape, trace
from minibig.backend import Array, Device, dtype_or_device, namespace, to_device
from minibig.ops import (
    arithmetic, creation, cumulative, dropout_masks, einstein_sums, elementwise, indexing, logic,
    losses, padding, products, reductions, scaled_dot_product_attention, shapes, softmaxes, sorting,
)

# The modules of operations, and which of these are methods as well.
MODULES = {
    elementwise: "abs astype clone cos exp log relu sigmoid sign sin sqrt tanh",
    logic: "isfinite isinf isnan",
    arithmetic: "ceil clip floor round",
    reductions: "all any argmax argmin cumsum logsumexp max mean min norm prod std sum var",
    cumulative: "cumprod",
    softmaxes: "log_softmax softmax",
    sorting: "argsort nonzero sort",
    indexing: "diagonal take",
    padding: "repeat",
    shapes: "expand_dims flatten ravel split squeeze swapaxes transpose",
    **dict.fromkeys([creation, dropout_masks, einstein_sums, losses, products], ""),
    scaled_dot_product_attention: "",
}

# Under the same name in the same module, so that a function can still be pickled.
for module in MODULES:
    for name, function in [*vars(module).items()]:
        if isfunction(function) and function.__module__ == module.__name__ and name[0] != "_":
            setattr(module, name, composite(function))

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
    """x, which lies on `source`, on `target`; the gradient goes the other way."""
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

BINARY = {
    "add": add, "sub": arithmetic.sub, "mul": arithmetic.mul, "truediv": arithmetic.div,
    "pow": arithmetic.pow, "matmul": products.matmul,
    "mod": arithmetic.remainder, "floordiv": arithmetic.floor_divide,
    "and": _of_bools("&", logic.logical_and), "or": _of_bools("|", logic.logical_or),
    "xor": _of_bools("^", logic.not_equal), "divmod": lambda x, y: (x // y, x % y),
}

OPERATORS = {
    **{f"__{name}__": operation for name, operation in BINARY.items()},
    **{f"__r{name}__": _reversed(operation) for name, operation in BINARY.items()},
    "__neg__": arithmetic.neg, "__abs__": elementwise.abs, "__getitem__": indexing.getitem,
    "__round__": arithmetic.round, "__floor__": arithmetic.floor, "__ceil__": arithmetic.ceil,
    "__eq__": _compared(logic.equal, False), "__ne__": _compared(logic.not_equal, True),
    "__lt__": logic.less, "__le__": logic.less_equal,
    "__gt__": logic.greater, "__ge__": logic.greater_equal,
    "__invert__": _of_bools("~", logic.logical_not), "__pos__": lambda x: x,
}

METHODS = {
    "backward": backward, "trace": trace, "to": to, "reshape": reshape, "copy": elementwise.clone,
    **{name: getattr(module, name) for module, names in MODULES.items() for name in names.split()},
}

for name, operation in {**OPERATORS, **METHODS}.items():
    setattr(Tensor, name, operation)

Tensor.T = property(shapes.transpose)  # type: ignore[assignment, method-assign]
Tensor.__hash__ = object.__hash__  # type: ignore[method-assign]

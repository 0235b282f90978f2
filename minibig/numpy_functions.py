"""What NumPy's functions do with tensors: operators go to the tensor, others are refused."""

from typing import Any

from minibig.other_names import FUNCTIONS

# What `array + tensor` calls in NumPy -> the methods of the left and of the right operand.
OPERATORS = {
    "add": ("__add__", "__radd__"), "subtract": ("__sub__", "__rsub__"),
    "multiply": ("__mul__", "__rmul__"), "divide": ("__truediv__", "__rtruediv__"),
    "power": ("__pow__", "__rpow__"), "matmul": ("__matmul__", "__rmatmul__"),
    "remainder": ("__mod__", "__rmod__"), "floor_divide": ("__floordiv__", "__rfloordiv__"),
    "equal": ("__eq__", "__eq__"), "not_equal": ("__ne__", "__ne__"),
    "less": ("__lt__", "__gt__"), "less_equal": ("__le__", "__ge__"),
    "greater": ("__gt__", "__lt__"), "greater_equal": ("__ge__", "__le__"),
    "bitwise_and": ("__and__", "__rand__"), "bitwise_or": ("__or__", "__ror__"),
    "bitwise_xor": ("__xor__", "__rxor__"),
}  # fmt: skip
NAMES = FUNCTIONS | {"square": "pow"}


class NumPyFunctions:
    """The attribute `__array_ufunc__` of Tensor.

    NumPy asks the class of a tensor for it, and finds a function; CuPy asks the tensor itself, and
    finds None, which leaves operators to the tensor as well.
    """

    def __get__(self, instance: Any, owner: Any) -> Any:
        return _computed if instance is None else None


def _computed(tensor: Any, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
    """array + tensor; TypeError with our way for anything else that NumPy can do."""
    name = ufunc.__name__
    if method == "__call__" and not options and name in OPERATORS:
        left, right = inputs
        of_left, of_right = OPERATORS[name]
        if isinstance(left, type(tensor)):
            return getattr(left, of_left)(right)
        return getattr(right, of_right)(left)
    raise TypeError(
        f"np.{name} does not take tensors. Use mb.{NAMES.get(name, name)}, which has derivatives, "
        "or give NumPy the values: x.numpy()."
    )

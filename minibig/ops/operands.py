"""What operations ask of their operands: that they are arrays, of which shape, of which dtype."""

from typing import Any

from minibig.autograd import Tensor
from minibig.backend import Array, InputError, Shape, is_array

def array_of(x: Any, name: str = "x") -> Array:
    """The array that x is or holds."""
    array = x.data if isinstance(x, Tensor) else x
    if not is_array(array):
        raise TypeError(f"{name} must be a tensor or an array; got {type(x).__name__}.")
    return array

def expect_shape(name: str, x: Any, shape: Shape) -> None:
    """Raise InputError if x has another shape; where there may be none, x may be None."""
    if x is not None and array_of(x, name).shape != shape:
        raise InputError(f"{name} must have shape {shape}; got {x.shape}.")

def expect_floats(name: str, *xs: Any) -> None:
    """Raise InputError if one of the inputs does not hold floating-point numbers."""
    for x in xs:
        if x.dtype.kind != "f":
            raise InputError(f"{name} must hold floating-point numbers; got {x.dtype}.")

def expect_one_dtype(name: str, **inputs: Any) -> None:
    """Raise InputError if the floating-point inputs have several dtypes.

    One float64 input would let all that follows be computed in float64, without a word.
    """
    dtypes = {n: x.dtype for n, x in inputs.items() if x is not None and x.dtype.kind == "f"}
    if len(set(dtypes.values())) > 1:
        got = ", ".join([f"{n} {dtype}" for n, dtype in dtypes.items()])
        narrow, *_, wide = sorted(dtypes, key=lambda n: dtypes[n].itemsize)
        advice = f"Use {wide}.astype('{dtypes[narrow]}')."
        expected = f"{name}: the inputs must have one floating-point dtype"
        raise InputError(f"{expected}; got {got}. {advice}")

def checked_axis(axis: int, ndim: int, name: str) -> int:
    """The axis counted from the front; an error if there is none of this number."""
    if not -ndim <= axis < ndim:
        raise InputError(f"{name}: axis {axis} does not exist; it must lie in [{-ndim}, {ndim}).")
    return axis % ndim

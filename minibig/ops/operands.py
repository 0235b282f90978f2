"""What operations ask of their operands, and the precision in which they compute with them.

Whole numbers and float16 are taken through float32. Whole numbers wrap around where a formula means
real ones: 50,000² is negative in int32. The squares and sums of float16 overflow beyond 65,504,
where the mean or the root of them would be small.
"""

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np

from minibig.autograd import Tensor, as_tuple
from minibig.backend import Array, InputError, Shape, checks, is_array, plain

F = TypeVar("F", bound=Callable[..., Any])

def array_of(x: Any, name: str = "x") -> Array:
    """The array that x is or holds."""
    array = x.data if isinstance(x, Tensor) else plain(x)
    if not is_array(array):
        got = f"{type(x).__name__}. Use mb.tensor(...)"
        raise TypeError(f"{name} must be a tensor or an array; got {got}.")
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
    if not -ndim <= (axis if isinstance(axis, int) else checks.whole(f"{name}: axis", axis)) < ndim:
        raise InputError(f"{name}: axis {axis} does not exist; it must lie in [{-ndim}, {ndim}).")
    return axis % ndim

def is_narrow(x: Any) -> bool:
    """Whether x is an array or a tensor of whole numbers, booleans or float16."""
    is_one = isinstance(x, Tensor) or is_array(x)
    return is_one and (x.dtype.kind in "iub" or x.dtype == np.float16)

def widened(x):
    """x in float32 if it is narrow, else x itself."""
    return x.astype("float32") if is_narrow(x) else x

def in_single_precision(formula: F) -> F:
    """Let a composite formula compute with whole numbers and float16 in float32 (decorator).

    Where all floating-point inputs are float16, the result is rounded to float16.

    >>> mb.norm(mb.tensor([300.0, 400.0], dtype="float16")).item()      # 300² is above 65,504
    500.0
    """
    @functools.wraps(formula)
    def computed(*inputs: Any, **settings: Any) -> Any:
        if not any(map(is_narrow, inputs)):
            return formula(*inputs, **settings)
        result = formula(*map(widened, inputs), **settings)
        dtypes = {x.dtype for x in inputs if isinstance(x, Tensor) or is_array(x)}
        if {dtype for dtype in dtypes if dtype.kind == "f"} != {np.dtype("float16")}:
            return result
        rounded = tuple([each.astype("float16") for each in as_tuple(result)])
        return rounded if isinstance(result, tuple) else rounded[0]

    return cast("F", computed)

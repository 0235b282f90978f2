"""In which precision a formula computes: whole numbers and float16 are taken through float32.

Whole numbers wrap around where a formula means real ones: 50,000² is negative in int32. The squares
and sums of float16 overflow beyond 65,504, where the mean or the root of them would be small.
"""

import functools
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np

from minibig.autograd import Tensor, composite
from minibig.backend import is_array

F = TypeVar("F", bound=Callable[..., Any])

def is_narrow(x: Any) -> bool:
    """Whether x is an array or a tensor of whole numbers, booleans or float16."""
    if not (isinstance(x, Tensor) or is_array(x)):
        return False
    return x.dtype.kind in "iub" or x.dtype == np.float16

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
        kinds = {x.dtype for x in inputs if isinstance(x, Tensor) or is_array(x)}
        if {dtype for dtype in kinds if dtype.kind == "f"} != {np.dtype("float16")}:
            return result
        if isinstance(result, tuple):
            return tuple([each.astype("float16") for each in result])
        return result.astype("float16")

    return cast("F", composite(computed))

"""Comparisons and other questions about elements, answered by true and false.

They have no derivative: their answers are constants.
"""

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from minibig.autograd import Primitive, Tensor, constant
from minibig.ops.elementwise import abs, named, of_arrays
from minibig.ops.reductions import all

isnan = constant(of_arrays("isnan", "Whether an element is NaN."))
isinf = constant(of_arrays("isinf", "Whether an element is ∞ or −∞."))
isfinite = constant(of_arrays("isfinite", "Whether an element is neither infinite nor NaN."))
logical_not = constant(of_arrays("logical_not", "Whether x is false."))

def _comparison(name: str, sign: str, holds: Callable[[Any, Any], Any]) -> Primitive:
    """The operation whose result is where `holds` is true of a and b."""
    meaning = f"Whether a {sign} b, element by element."
    return constant(named(lambda a, b, /: holds(a, b), name, meaning))

equal = _comparison("equal", "=", operator.eq)
not_equal = _comparison("not_equal", "≠", operator.ne)
less = _comparison("less", "<", operator.lt)
less_equal = _comparison("less_equal", "≤", operator.le)
greater = _comparison("greater", ">", operator.gt)
greater_equal = _comparison("greater_equal", "≥", operator.ge)
logical_and = _comparison("logical_and", "and", lambda a, b: (a != 0) & (b != 0))
logical_or = _comparison("logical_or", "or", lambda a, b: (a != 0) | (b != 0))

def isclose(a, b, /, rtol: float = 1e-5, atol: float = 1e-8, *, equal_nan: bool = False) -> Tensor:
    """|a − b| ≤ atol + rtol·|b|, element by element; infinities of one sign are close.

    >>> mb.isclose(mb.tensor([1.0, 2.0]), mb.tensor([1.000001, 2.1]))
    tensor([ True, False])
    """
    a, b = _without_wrapping(a), _without_wrapping(b)
    with np.errstate(invalid="ignore"):  # ∞ − ∞
        near = isfinite(b) & (abs(a - b) <= atol + rtol * abs(b))
    result = near | (a == b)
    return result | (isnan(a) & isnan(b)) if equal_nan else result

def _without_wrapping(x):
    """Integers and bools as float64, whose differences are right: 1 − 2 is 255 in uint8."""
    return x if isinstance(x, int | float) or x.dtype.kind == "f" else x.astype("float64")

def allclose(a: Any, b: Any, /, rtol: float = 1e-5, atol: float = 1e-8, **keywords: Any) -> bool:
    """Whether all elements are close: see `isclose`.

    >>> mb.allclose(mb.tensor([1.0, 2.0]), mb.tensor([1.000001, 2.0]))
    True
    """
    return bool(all(isclose(a, b, rtol, atol, **keywords)))

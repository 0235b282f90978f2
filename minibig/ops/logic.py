"""Questions about elements, answered by true and false; their answers are constants."""

from typing import Any

import numpy as np

from minibig.autograd import Tensor, composite, constant
from minibig.backend import Array, namespace
from minibig.ops.elementwise import abs_
from minibig.ops.reductions import Axis, isfinite

@constant
def isnan(x: Array, /) -> Array:
    """Whether an element is NaN."""
    return namespace(x).isnan(x)

@constant
def isinf(x: Array, /) -> Array:
    """Whether an element is ∞ or −∞."""
    return namespace(x).isinf(x)

@constant
def all(x: Array, /, axis: Axis = None, keepdims: bool = False) -> Array:
    """Whether all elements along `axis` are true (not 0)."""
    return namespace(x).all(x, axis=axis, keepdims=keepdims)

@constant
def any(x: Array, /, axis: Axis = None, keepdims: bool = False) -> Array:
    """Whether one element along `axis`, or more, is true (not 0)."""
    return namespace(x).any(x, axis=axis, keepdims=keepdims)

@composite
def isclose(a, b, /, rtol: float = 1e-5, atol: float = 1e-8, *, equal_nan: bool = False) -> Tensor:
    """|a − b| ≤ atol + rtol·|b|, element by element; infinities of one sign are close.

    >>> mb.isclose(mb.tensor([1.0, 2.0]), mb.tensor([1.000001, 2.1]))
    tensor([ True, False])
    """
    a, b = _without_wrapping(a), _without_wrapping(b)
    with np.errstate(invalid="ignore"):  # ∞ − ∞
        near = isfinite(b) & (abs_(a - b) <= atol + rtol * abs_(b))
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

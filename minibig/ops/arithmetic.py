"""Arithmetic and comparison, element by element, with NumPy's broadcasting.

    ∂(a − b) = ∂a − ∂b      ∂(a·b) = b·∂a + a·∂b      ∂(a/b) = ∂a/b − a/b²·∂b

Comparisons have no derivative: their results are constants.
"""

import math
import operator
from collections.abc import Callable
from typing import Any

from minibig.autograd import Primitive, Tensor, composite, constant, primitive
from minibig.backend import Array, InputError, namespace, promoted, real
from minibig.ops.elementwise import log

@primitive(broadcasts=True)
def sub(a: Array, b: Array, /) -> Array:
    """a − b."""
    a, b = promoted(a, b)
    return a - b
sub.defvjp(a=lambda g: g, b=lambda g: -g)

@primitive
def neg(x: Array, /) -> Array:
    """−x."""
    return -x
neg.defvjp(x=lambda g: -g)

@primitive(broadcasts=True)
def mul(a: Array, b: Array, /) -> Array:
    """a · b."""
    a, b = promoted(a, b)
    return a * b
mul.defvjp(a=lambda g, b: g * b, b=lambda g, a: g * a)

@primitive(broadcasts=True)
def div(a: Array, b: Array, /) -> Array:
    """a / b; of whole numbers in float32."""
    a, b = promoted(a, b)
    return real(a) / real(b)
div.defvjp(a=lambda g, b: g / b, b=lambda g, b, y: -g * y / b)

@primitive(broadcasts=True)
def pow(a: Array, b: Array, /) -> Array:
    """aᵇ; its derivative with respect to b is 0 where a is 0 (and b ≥ 0).

    >>> mb.tensor([1.0, 2.0, 3.0]) ** 2
    tensor([1., 4., 9.])
    """
    a, b = promoted(a, b)
    if isinstance(b, float) and b == 0.5:  # computed as a root, which −∞ does not have
        a = namespace(a).where(a == -math.inf, math.inf, a)
    return a**b

def _pow_rule_a(g, a, b):
    if isinstance(b, int | float):
        return g * (b * a ** (b - 1)) if b != 0 else g * 0.0
    # of a constant power, 0·a⁻¹ is 0·∞ where a is 0, and a⁻¹ is no power of ∞ either
    unsafe = (b == 0) & ((a == 0) | (abs(a) == math.inf))
    return g * (b * where(unsafe, 1.0, a) ** (b - 1))

def _pow_rule_b(g, a, b, y):
    # 0ᵇ is 0 from b = 0 on, where 0ᵇ·ln 0 would be 0·∞; below it is ∞, and its derivative −∞
    if isinstance(a, int | float):
        slope = math.log(a) if a > 0 else math.nan if a < 0 else where(b >= 0, 0.0, -math.inf)
        return g * y * slope
    return g * y * log(where((a == 0) & (b >= 0), 1.0, a))
pow.defvjp(a=_pow_rule_a, b=_pow_rule_b)

@primitive(broadcasts=True)
def maximum(a: Array, b: Array, /) -> Array:
    """The larger of a and b; where they are equal, each gets half of the gradient."""
    a, b = promoted(a, b)
    return namespace(first_array(a, b)).maximum(a, b)
maximum.defvjp(a=lambda g, a, b: g * _larger(a, b), b=lambda g, a, b: g * _larger(b, a))

@primitive(broadcasts=True)
def minimum(a: Array, b: Array, /) -> Array:
    """The smaller of a and b; where they are equal, each gets half of the gradient."""
    a, b = promoted(a, b)
    return namespace(first_array(a, b)).minimum(a, b)
minimum.defvjp(a=lambda g, a, b: g * _larger(b, a), b=lambda g, a, b: g * _larger(a, b))

def _larger(a, b):
    """1 where a > b, 1/2 where they are equal; float16, so that no dtype is widened."""
    return (a > b).astype("float16") + 0.5 * (a == b).astype("float16")

def first_array(*operands):
    """The first operand that is an array, whose namespace decides."""
    return next((x for x in operands if not isinstance(x, int | float)), 0.0)

@primitive(broadcasts=True)
def where(condition: Array, a: Array, b: Array, /) -> Array:
    """a where condition holds, else b. The gradient reaches only the one that was chosen.

    >>> x = mb.tensor([-2.0, 3.0])
    >>> mb.where(x > 0, x, 0.1 * x)
    tensor([-0.2,  3. ])
    """
    xp = namespace(first_array(condition, a, b))
    kinds: set[type] = {type(a), type(b)}
    if float in kinds and kinds <= {int, float}:
        a = xp.float32(a)  # two numbers of Python would become float64
    a, b = promoted(a, b)
    return xp.where(condition, a, b)
where.defvjp(a=lambda g, condition: where(condition, g, 0.0),
             b=lambda g, condition: where(condition, 0.0, g))

@composite
def clip(x, /, low=None, high=None) -> Tensor:
    """min(max(x, low), high), either bound may be None; at a bound half of the gradient passes."""
    numbers = isinstance(low, int | float) and isinstance(high, int | float)
    if (low is None and high is None) or (numbers and not low <= high):
        raise InputError(f"clip needs a bound, the lower one first; got {low!r} and {high!r}.")
    x = x if low is None else maximum(x, low)
    return x if high is None else minimum(x, high)

def _comparison(name: str, sign: str, holds: Callable[[Any, Any], Any]) -> Primitive:
    """The operation whose result is where `holds` is true of a and b: bools, without derivative."""
    def compared(a: Array, b: Array, /) -> Array:
        return holds(a, b)
    compared.__name__ = compared.__qualname__ = name
    compared.__doc__ = f"Whether a {sign} b, element by element."
    return constant(compared)

equal = _comparison("equal", "=", operator.eq)
not_equal = _comparison("not_equal", "≠", operator.ne)
less = _comparison("less", "<", operator.lt)
less_equal = _comparison("less_equal", "≤", operator.le)
greater = _comparison("greater", ">", operator.gt)
greater_equal = _comparison("greater_equal", "≥", operator.ge)
logical_and = _comparison("logical_and", "and", lambda a, b: (a != 0) & (b != 0))
logical_or = _comparison("logical_or", "or", lambda a, b: (a != 0) | (b != 0))

@constant
def logical_not(x: Array, /) -> Array:
    """Whether x is false."""
    return namespace(x).logical_not(x)

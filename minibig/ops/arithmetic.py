"""Arithmetic, element by element, with NumPy's broadcasting; rounding, and division with remainder.

    ∂(a − b) = ∂a − ∂b      ∂(a·b) = b·∂a + a·∂b      ∂(a/b) = ∂a/b − a/b²·∂b
    a = ⌊a/b⌋·b + (a mod b)

>>> mb.tensor([7.0, -7.0]) % 3
tensor([1., 2.])
>>> mb.arctan2(mb.tensor([1.0, -1.0]), mb.tensor([-1.0, -1.0]))     # in every quadrant
tensor([ 2.3562, -2.3562])

A rounded number does not move when x moves a little: its derivative is 0, so the results of
rounding are constants. Integers stay as they are.
"""

import math
import operator
from collections.abc import Callable
from typing import Any

from minibig.autograd import Primitive, Tensor, constant, primitive
from minibig.backend import Array, InputError, namespace, promoted, real
from minibig.ops.elementwise import log, named

def _of_two(name: str, meaning: str, formula: Callable[[Any, Any], Array]) -> Primitive:
    """An operation on two operands that broadcast, in the dtype that `promoted` finds for both."""
    function = named(lambda a, b, /: formula(*promoted(a, b)), name, meaning)
    return primitive(broadcasts=True)(function)

sub = _of_two("sub", "a − b.", operator.sub)
sub.defvjp(a=lambda g: g, b=lambda g: -g)

@primitive
def neg(x: Array, /) -> Array:
    """−x."""
    return -x
neg.defvjp(x=lambda g: -g)

mul = _of_two("mul", "a · b.", operator.mul)
mul.defvjp(a=lambda g, b: g * b, b=lambda g, a: g * a)

div = _of_two("div", "a / b; of whole numbers in float32.", lambda a, b: real(a) / real(b))
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

_HALVES = "where they are equal, each gets half of the gradient."

maximum = _of_two("maximum", f"The larger of a and b; {_HALVES}",
                  lambda a, b: namespace(first_array(a, b)).maximum(a, b))
maximum.defvjp(a=lambda g, a, b: g * _larger(a, b), b=lambda g, a, b: g * _larger(b, a))

minimum = _of_two("minimum", f"The smaller of a and b; {_HALVES}",
                  lambda a, b: namespace(first_array(a, b)).minimum(a, b))
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
    if {type(a), type(b)} in ({float}, {int, float}):  # two numbers would become float64
        a = xp.float32(a)
    a, b = promoted(a, b)
    return xp.where(condition, a, b)
where.defvjp(a=lambda g, condition: where(condition, g, 0.0),
             b=lambda g, condition: where(condition, 0.0, g))

def clip(x, /, low=None, high=None) -> Tensor:
    """min(max(x, low), high), either bound may be None; at a bound half of the gradient passes."""
    numbers = isinstance(low, int | float) and isinstance(high, int | float)
    if (low is None and high is None) or (numbers and not low <= high):
        raise InputError(f"clip needs a bound, the lower one first; got {low!r} and {high!r}.")
    x = x if low is None else maximum(x, low)
    return x if high is None else minimum(x, high)

arctan2 = _of_two("arctan2", "The angle in (−π, π] from the axis of b to the point (b, a).",
                  lambda a, b: namespace(first_array(a, b)).arctan2(real(a), real(b)))
arctan2.defvjp(a=lambda g, a, b: g * b / (a * a + b * b),
               b=lambda g, a, b: -g * a / (a * a + b * b))

def _rounded(name: str, meaning: str) -> Primitive:
    function = lambda x, /: getattr(namespace(x), name)(x) if x.dtype.kind == "f" else x
    return constant(named(function, name, meaning))

floor = _rounded("floor", "⌊x⌋, the largest whole number that is not above x.")
ceil = _rounded("ceil", "⌈x⌉, the smallest whole number that is not below x.")
trunc = _rounded("trunc", "x without its decimals: the nearest whole number towards 0.")

@constant
def round(x: Array, /, decimals: int = 0) -> Array:
    """x to so many decimals; a half goes to the even neighbour, as in IEEE 754.

    >>> mb.round(mb.tensor([0.5, 1.5, -2.6]))
    tensor([ 0.,  2., -3.])
    """
    return x if x.dtype.kind == "b" else x.round(decimals)

@constant
def floor_divide(a: Array, b: Array, /) -> Array:
    """⌊a/b⌋, the operator //: how many times b fits into a."""
    a, b = promoted(a, b)
    return a // b

remainder = _of_two("remainder", "a − ⌊a/b⌋·b, the operator %; it has the sign of b.", operator.mod)
remainder.defvjp(a=lambda g: g, b=lambda g, a, b: -g * floor_divide(a, b))

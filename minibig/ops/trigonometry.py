"""Trigonometric and hyperbolic functions and their inverses, each with its derivative below it.

    (tan x)' = 1 + tan² x       (arcsin x)' = 1/√(1 − x²)       (arctan x)' = 1/(1 + x²)

sin and cos stand in elementwise.py, because rotary positions need them; tanh is an activation.
"""

from minibig.autograd import primitive
from minibig.backend import Array, namespace, promoted, real
from minibig.ops.arithmetic import first_array
from minibig.ops.elementwise import sqrt

@primitive
def tan(x: Array, /) -> Array:
    """tan x = sin x / cos x, x in radians."""
    return namespace(x).tan(real(x))
tan.defvjp(x=lambda g, y: g * (1 + y * y))

@primitive
def arcsin(x: Array, /) -> Array:
    """The angle in [−π/2, π/2] whose sine is x."""
    return namespace(x).arcsin(real(x))
arcsin.defvjp(x=lambda g, x: g / sqrt(1 - x * x))

@primitive
def arccos(x: Array, /) -> Array:
    """The angle in [0, π] whose cosine is x."""
    return namespace(x).arccos(real(x))
arccos.defvjp(x=lambda g, x: -g / sqrt(1 - x * x))

@primitive
def arctan(x: Array, /) -> Array:
    """The angle in (−π/2, π/2) whose tangent is x."""
    return namespace(x).arctan(real(x))
arctan.defvjp(x=lambda g, x: g / (1 + x * x))

@primitive(broadcasts=True)
def arctan2(a: Array, b: Array, /) -> Array:
    """The angle in (−π, π] from the axis of b to the point (b, a): arctan(a/b) in every quadrant.

    >>> mb.arctan2(mb.tensor([1.0, -1.0]), mb.tensor([-1.0, -1.0]))
    tensor([ 2.3562, -2.3562])
    """
    a, b = promoted(a, b)
    return namespace(first_array(a, b)).arctan2(real(a), real(b))
arctan2.defvjp(a=lambda g, a, b: g * b / (a * a + b * b),
               b=lambda g, a, b: -g * a / (a * a + b * b))

@primitive
def sinh(x: Array, /) -> Array:
    """sinh x = (eˣ − e⁻ˣ) / 2."""
    return namespace(x).sinh(real(x))

@primitive
def cosh(x: Array, /) -> Array:
    """cosh x = (eˣ + e⁻ˣ) / 2."""
    return namespace(x).cosh(real(x))
sinh.defvjp(x=lambda g, x: g * cosh(x))
cosh.defvjp(x=lambda g, x: g * sinh(x))

@primitive
def arcsinh(x: Array, /) -> Array:
    """ln(x + √(x² + 1)), the inverse of sinh."""
    return namespace(x).arcsinh(real(x))
arcsinh.defvjp(x=lambda g, x: g / sqrt(x * x + 1))

@primitive
def arccosh(x: Array, /) -> Array:
    """ln(x + √(x² − 1)), the inverse of cosh, for x ≥ 1."""
    return namespace(x).arccosh(real(x))
arccosh.defvjp(x=lambda g, x: g / sqrt(x * x - 1))

@primitive
def arctanh(x: Array, /) -> Array:
    """½ ln((1 + x)/(1 − x)), the inverse of tanh, for |x| < 1."""
    return namespace(x).arctanh(real(x))
arctanh.defvjp(x=lambda g, x: g / (1 - x * x))

"""Trigonometric and hyperbolic functions and their inverses, each with its derivative below it.

    (tan x)' = 1 + tan² x       (arcsin x)' = 1/√(1 − x²)       (arctan x)' = 1/(1 + x²)

sin and cos stand in elementwise.py, because rotary positions need them; tanh is an activation.
"""

from minibig.autograd import primitive
from minibig.backend import Array, namespace, promoted, real
from minibig.ops.arithmetic import first_array
from minibig.ops.elementwise import of_reals, sqrt

tan = of_reals("tan", "tan x = sin x / cos x, x in radians.")
tan.defvjp(x=lambda g, y: g * (1 + y * y))

arcsin = of_reals("arcsin", "The angle in [−π/2, π/2] whose sine is x.")
arcsin.defvjp(x=lambda g, x: g / sqrt(1 - x * x))

arccos = of_reals("arccos", "The angle in [0, π] whose cosine is x.")
arccos.defvjp(x=lambda g, x: -g / sqrt(1 - x * x))

arctan = of_reals("arctan", "The angle in (−π/2, π/2) whose tangent is x.")
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

sinh = of_reals("sinh", "sinh x = (eˣ − e⁻ˣ) / 2.")
cosh = of_reals("cosh", "cosh x = (eˣ + e⁻ˣ) / 2.")
sinh.defvjp(x=lambda g, x: g * cosh(x))
cosh.defvjp(x=lambda g, x: g * sinh(x))

arcsinh = of_reals("arcsinh", "ln(x + √(x² + 1)), the inverse of sinh.")
arcsinh.defvjp(x=lambda g, x: g / sqrt(x * x + 1))

arccosh = of_reals("arccosh", "ln(x + √(x² − 1)), the inverse of cosh, for x ≥ 1.")
arccosh.defvjp(x=lambda g, x: g / sqrt(x * x - 1))

arctanh = of_reals("arctanh", "½ ln((1 + x)/(1 − x)), the inverse of tanh, for |x| < 1.")
arctanh.defvjp(x=lambda g, x: g / (1 - x * x))

"""Functions of one variable, element by element, each with its derivative below it.

    y = eˣ: y' = y     y = ln x: y' = 1/x     y = tanh x: y' = 1 − y²     σ(x): y' = y(1 − y)
    (tan x)' = 1 + tan² x       (arcsin x)' = 1/√(1 − x²)       (arctan x)' = 1/(1 + x²)

Activations end the file: relu and its leaky and exponential forms, silu, and the two of gelu.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from minibig.autograd import Primitive, Tensor, constant, primitive
from minibig.backend import Array, checks, device_of, namespace, real, to_device, to_numpy
from minibig.ops.operands import in_single_precision

def named(function: Any, name: str, meaning: str) -> Any:
    """The function with its name and what it says of itself: for operations made by the dozen."""
    function.__name__ = function.__qualname__ = name
    function.__doc__ = meaning
    return function

def of_arrays(name: str, meaning: str) -> Callable[[Array], Array]:
    """The function of that name in NumPy and CuPy."""
    return named(lambda x, /: getattr(namespace(x), name)(x), name, meaning)

def of_reals(name: str, meaning: str) -> Primitive:
    """The function of that name in NumPy and CuPy as an operation; of whole numbers in float32."""
    function = lambda x, /: getattr(namespace(x), name)(real(x))
    return primitive(named(np.errstate(divide="ignore")(function), name, meaning))  # ln 0 = −∞

exp = of_reals("exp", "eˣ.")
exp.defvjp(x=lambda g, y: g * y)

log = of_reals("log", "ln x, the natural logarithm; −∞ at 0.")
log.defvjp(x=lambda g, x: g / x)

expm1 = of_reals("expm1", "eˣ − 1, with all its digits near 0.")
expm1.defvjp(x=lambda g, x: g * exp(x))

log1p = of_reals("log1p", "ln(1 + x), with all its digits near 0.")
log1p.defvjp(x=lambda g, x: g / (1 + x))

sin = of_reals("sin", "sin x, x in radians.")
cos = of_reals("cos", "cos x, x in radians.")
sin.defvjp(x=lambda g, x: g * cos(x))
cos.defvjp(x=lambda g, x: -g * sin(x))

sqrt = of_reals("sqrt", "√x; the derivative at 0 is ∞.")
sqrt.defvjp(x=lambda g, y: 0.5 * g / y)

tanh = of_reals("tanh", "tanh x = (eˣ − e⁻ˣ) / (eˣ + e⁻ˣ).")
tanh.defvjp(x=lambda g, y: g * (1 - y * y))

tan = of_reals("tan", "tan x = sin x / cos x, x in radians.")
tan.defvjp(x=lambda g, y: g * (1 + y * y))

arcsin = of_reals("arcsin", "The angle in [−π/2, π/2] whose sine is x.")
arcsin.defvjp(x=lambda g, x: g / sqrt(1 - x * x))

arccos = of_reals("arccos", "The angle in [0, π] whose cosine is x.")
arccos.defvjp(x=lambda g, x: -g / sqrt(1 - x * x))

arctan = of_reals("arctan", "The angle in (−π/2, π/2) whose tangent is x.")
arctan.defvjp(x=lambda g, x: g / (1 + x * x))

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

@primitive
def sigmoid(x: Array, /) -> Array:
    """σ(x) = 1 / (1 + e⁻ˣ), the logistic function; never overflows.

    >>> mb.sigmoid(mb.tensor([-1000.0, 0.0, 1000.0]))
    tensor([0. , 0.5, 1. ])
    """
    xp, x = namespace(x), real(x)
    e = xp.exp(-xp.abs(x))
    return xp.where(x >= 0, 1, e) / (1 + e)
sigmoid.defvjp(x=lambda g, y: g * y * (1 - y))

@primitive
def softplus(x: Array, /) -> Array:
    """ln(1 + eˣ), a smooth form of max(0, x); never overflows.

    >>> mb.softplus(mb.tensor([-1000.0, 0.0, 1000.0]))
    tensor([0.0e+00, 6.931e-01, 1.000e+03])
    """
    xp, x = namespace(x), real(x)
    return xp.maximum(x, 0) + xp.log1p(xp.exp(-xp.abs(x)))
softplus.defvjp(x=lambda g, x: g * sigmoid(x))

@primitive
def erf(x: Array, /) -> Array:
    """erf x = 2/√π · ∫₀ˣ e^(−t²) dt, the error function; fast in kernels/elementwise.py.

    >>> mb.erf(mb.tensor([0.0, 0.5]))
    tensor([0. , 0.5205])
    """
    return _each(math.erf, x)
erf.defvjp(x=lambda g, x: g * (2 / math.sqrt(math.pi) * exp(-(x * x))))

@primitive
def normal_cdf(x: Array, /) -> Array:
    """Φ(x) = 1/√(2π) · ∫₋∞ˣ e^(−t²/2) dt, the distribution function of the normal distribution.

    >>> mb.normal_cdf(mb.tensor([-10.0, 0.0]))
    tensor([7.62e-24, 5.00e-01])
    """
    return _each(lambda x: math.erfc(-x / math.sqrt(2)) / 2, x)
normal_cdf.defvjp(x=lambda g, x: g * (1 / math.sqrt(2 * math.pi) * exp(-0.5 * (x * x))))

def _each(function: Callable[[float], float], x: Array) -> Array:
    """The function of every element, one after the other in Python; of integers in float32."""
    y = np.array([function(each) for each in to_numpy(x).reshape(-1).tolist()])
    return to_device(y.reshape(x.shape).astype(real(x).dtype), device_of(x))

sign = constant(of_arrays("sign", "−1, 0 or 1: the sign of x."))
abs = primitive(of_arrays("abs", "|x|; the derivative at 0 is 0."))
abs.defvjp(x=lambda g, x: g * sign(x))

@primitive
def astype(x: Array, /, dtype: str) -> Array:
    """x converted to another dtype of numbers or bools; the gradient is converted back."""
    return x.astype(checks.real_dtype("astype: dtype", dtype), copy=False)
astype.defvjp(x=lambda g: g)

@primitive
def clone(x: Array, /) -> Array:
    """x again, in memory of its own; the derivative goes through."""
    return x.copy()
clone.defvjp(x=lambda g: g)

@primitive
def relu(x: Array, /) -> Array:
    """max(0, x), the rectified linear unit (线性整流); the derivative at 0 is 0.

    >>> mb.relu(mb.tensor([-1.0, 0.0, 2.0]))
    tensor([0., 0., 2.])
    """
    return namespace(x).maximum(x, 0)
relu.defvjp(x=lambda g, y: g * (y > 0))

def leaky_relu(x, /, slope: float = 0.01) -> Tensor:
    """max(0, x) + slope·min(0, x); the derivative at 0 is 0."""
    x = real(x)
    return relu(x) - slope * relu(-x)

@primitive
def elu(x: Array, /, alpha: float = 1.0) -> Array:
    """x where x > 0, else α·(eˣ − 1), the exponential linear unit; the derivative at 0 is α."""
    xp, x = namespace(x), real(x)
    return xp.where(x > 0, x, alpha * xp.expm1(xp.minimum(x, 0)))
elu.defvjp(x=lambda g, x, alpha: g * (x > 0) + g * (x <= 0) * alpha * exp(-relu(-x)))

def silu(x, /) -> Tensor:
    """x·σ(x), also called swish.

    Source:  Hendrycks and Gimpel 2016, arXiv:1606.08415, section 2 (as SiLU).

    >>> mb.silu(mb.tensor([0.0, 1.0]))
    tensor([0.       , 0.7310586])
    """
    return x * sigmoid(x)

def gelu(x, /) -> Tensor:
    """x·Φ(x) = x/2·(1 + erf(x/√2)), the Gaussian error linear unit, in its exact form.

    Source:  Hendrycks and Gimpel 2016, arXiv:1606.08415, section 2.

    >>> round(mb.gelu(mb.tensor(1.0)).item(), 4)
    0.8413
    """
    return x * normal_cdf(x)

@in_single_precision
def gelu_tanh(x, /) -> Tensor:
    """x/2·(1 + tanh(√(2/π)·(x + 0.044715·x³))), the approximation of gelu that GPT-2 uses.

    Source:  Hendrycks and Gimpel 2016, arXiv:1606.08415, section 2.

    >>> round(mb.gelu_tanh(mb.tensor(1.0)).item(), 4)
    0.8412
    """
    u = math.sqrt(2 / math.pi) * (x + 0.044715 * (x * x * x))
    return x * sigmoid(2 * u)  # (1 + tanh u) / 2 = σ(2u), which loses no digits in the tail

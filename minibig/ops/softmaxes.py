"""Softmax and its logarithm: scores become a distribution.

    yᵢ = e^{xᵢ} / Σⱼ e^{xⱼ}        ∂yᵢ/∂xⱼ = yᵢ(δᵢⱼ − yⱼ)

so a gradient g of y becomes y·(g − Σ g·y): what is common to all of g has no effect, because adding
a constant to all scores has none. For ln y it is g − y·Σg.
"""

from minibig.autograd import primitive
from minibig.backend import Array, namespace
from minibig.ops.elementwise import exp

@primitive
def softmax(x: Array, /, axis: int = -1) -> Array:
    """e^x / Σ e^x along `axis`: positive numbers that add up to 1.

    >>> mb.softmax(mb.tensor([1.0, 1.0, 1.0, 1.0]))
    tensor([0.25, 0.25, 0.25, 0.25])
    """
    xp = namespace(x)
    e = xp.exp(x - x.max(axis=axis, keepdims=True)) if x.size else x
    return e / e.sum(axis=axis, keepdims=True)
softmax.defvjp(x=lambda g, y, axis: y * (g - (g * y).sum(axis=axis, keepdims=True)))

@primitive
def log_softmax(x: Array, /, axis: int = -1) -> Array:
    """ln softmax(x) = x − ln Σ eˣ along `axis`, without overflow.

    >>> mb.log_softmax(mb.tensor([0.0, 1000.0]))
    tensor([-1000.,     0.])
    """
    if not x.size:
        return x
    xp = namespace(x)
    shifted = x - x.max(axis=axis, keepdims=True)
    return shifted - xp.log(xp.exp(shifted).sum(axis=axis, keepdims=True))
log_softmax.defvjp(x=lambda g, y, axis: g - exp(y) * g.sum(axis=axis, keepdims=True))

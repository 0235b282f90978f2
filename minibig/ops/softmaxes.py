"""Softmax and its logarithm: scores become a distribution.

    yᵢ = e^{xᵢ} / Σⱼ e^{xⱼ}        ∂yᵢ/∂xⱼ = yᵢ(δᵢⱼ − yⱼ)

so a gradient g of y becomes y·(g − Σ g·y): what is common to all of g has no effect, because adding
a constant to all scores has none. For ln y it is g − y·Σg.
"""

from minibig.autograd import primitive
from minibig.backend import Array, namespace, total
from minibig.ops import reductions
from minibig.ops.elementwise import exp
from minibig.ops.operands import in_single_precision

@primitive
def softmax(x: Array, /, axis: int = -1) -> Array:
    """e^x / Σ e^x along `axis`: positive numbers that add up to 1.

    A score of −∞ gets 0. A row of nothing but −∞ is no distribution, and NaN: `attention`, where a
    query may see nothing, says by itself what then holds.

    >>> mb.softmax(mb.tensor([1.0, 1.0, 1.0, 1.0]))
    tensor([0.25, 0.25, 0.25, 0.25])
    """
    e = namespace(x).exp(x - x.max(axis=axis, keepdims=True)) if x.size else x
    return e / total(e, axis, keepdims=True)
softmax.defvjp(x=lambda g, y, axis: y * (g - reductions.sum(g * y, axis=axis, keepdims=True)))
softmax = in_single_precision(softmax)

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
    return shifted - xp.log(total(xp.exp(shifted), axis, keepdims=True))
log_softmax.defvjp(x=lambda g, y, axis: g - exp(y) * reductions.sum(g, axis=axis, keepdims=True))
log_softmax = in_single_precision(log_softmax)

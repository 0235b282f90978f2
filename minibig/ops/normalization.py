"""Normalization: activations are brought to mean 0 and variance 1, or to a root mean square of 1.

    x̂ = (x − μ) / σ,   σ = √(var x + ε)      ∂L/∂x = (ĝ − mean ĝ − x̂·mean(ĝ·x̂)) / σ,   ĝ = g·weight

The gradient loses what lies along a constant and along x̂ itself: moving x in these directions does
not move x̂.
"""

from minibig.autograd import fusible
from minibig.backend import checks
from minibig.ops.elementwise import sqrt
from minibig.ops.operands import expect_one_dtype, expect_shape, in_single_precision

@fusible
@in_single_precision
def layer_norm(x, weight=None, bias=None, /, *, eps: float = 1e-5):
    """(x − mean x) / √(var x + ε) · weight + bias, over the last axis.

    Shapes:  x (..., D), weight (D), bias (D)  ->  (..., D).
    Source:  Ba et al. 2016, arXiv:1607.06450, eq. 4, with the mean and variance of one example.

    >>> mb.layer_norm(mb.tensor([1.0, 2.0, 3.0]), eps=0.0)
    tensor([-1.2247,  0. ,  1.2247])
    """
    centred = x - x.mean(axis=-1, keepdims=True)
    centred = centred - centred.mean(axis=-1, keepdims=True)  # the mean itself was rounded
    y = centred / sqrt((centred * centred).mean(axis=-1, keepdims=True) + eps)
    y = y if weight is None else y * weight
    return y if bias is None else y + bias

@fusible
@in_single_precision
def rms_norm(x, weight=None, /, *, eps: float = 1e-6):
    """x / √(mean x² + ε) · weight, over the last axis.

    Shapes:  x (..., D), weight (D)  ->  (..., D).
    Source:  Zhang and Sennrich 2019, arXiv:1910.07467, eq. 4.

    >>> mb.rms_norm(mb.tensor([3.0, 4.0, 0.0, 0.0]), eps=0.0)
    tensor([1.2, 1.6, 0. , 0. ])
    """
    y = x / sqrt((x * x).mean(axis=-1, keepdims=True) + eps)
    return y if weight is None else y * weight

@layer_norm.check
@rms_norm.check
def _check_norm(x, weight, bias=None, *, eps):
    checks.number("eps", eps, 0)
    checks.whole("the number of axes of x", x.ndim, least=1)
    expect_one_dtype("a norm", x=x, weight=weight, bias=bias)
    expect_shape("a norm: weight", weight, x.shape[-1:])
    expect_shape("a norm: bias", bias, x.shape[-1:])

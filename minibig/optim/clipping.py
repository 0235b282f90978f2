"""Gradient clipping by the global norm: it bounds how far one batch can move the weights.

Source:  Pascanu, Mikolov and Bengio 2013, arXiv:1211.5063, algorithm 1, over all parameters at
         once.
"""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from minibig.autograd import Tensor
from minibig.backend import InputError
from minibig.backend.checks import number
from minibig.ops.updates import clip_by_global_norm


def clip_gradients(parameters: Iterable[Any], max_norm: float) -> float:
    """Scale all gradients by one factor so that their global norm is at most `max_norm`.

        ‖g‖ = √(Σ g²) over every element of every gradient,   g ← g · min(1, max_norm / ‖g‖)

    Returns the norm before clipping. The sum runs in float64, so float32 gradients neither
    overflow nor lose their small terms. A norm that is infinite or NaN leaves the gradients as
    they are, for scaling by it would turn one bad number into NaN everywhere: look at the norm
    that comes back, and do not step. `max_norm = math.inf` measures and clips nothing.

    Raises:  InputError if max_norm is not above 0, or for what is no parameter.

    >>> x = mb.tensor([3.0, 4.0], requires_grad=True)
    >>> (0.5 * x * x).sum().backward()
    >>> clip_gradients([x], max_norm=1.0)
    5.0
    >>> x.grad
    tensor([0.6, 0.8])
    """
    if max_norm != math.inf:
        number("max_norm", max_norm, above=0)
    gradients = _gradients(parameters)
    if not gradients:
        return 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        norm, *clipped = clip_by_global_norm(*gradients, max_norm=max_norm)
    for g, new in zip(gradients, clipped, strict=True):
        if new is not g:
            g[...] = new
    return float(norm)


def _gradients(parameters: Iterable[Any]) -> list[Any]:
    """The arrays of the gradients that are there."""
    if not isinstance(parameters, Iterable) or isinstance(parameters, Tensor):
        raise InputError(
            f"parameters must be a list; got {type(parameters).__name__}. Give model.parameters()."
        )
    unique = {id(p): p for p in parameters}.values()
    for p in unique:
        if not hasattr(p, "grad"):
            raise InputError(f"expected parameters; got {type(p).__name__}.")
    return [p.grad.data for p in unique if p.grad is not None]

"""What computes a run: its speed depends on it, and so do the last digits of its results."""

import sys
from typing import Any

import minibig
from minibig.autograd.state import state
from minibig.nn import Module

FORMULAS, NUMPY, CUDA = "formulas alone", "NumPy kernels", "CUDA kernels"


def computed_by(model: Module) -> str:
    """What computes a model in this process, in words for people and for the record of a run.

    >>> with mb.reference():
    ...     computed_by(mb.nn.Linear(2, 3))
    'formulas alone'
    """
    kernels: Any = minibig.kernels
    if kernels is None or not state.kernels:
        return FORMULAS
    if any(p.device.kind != "cpu" for p in model.parameters()):
        return CUDA
    if kernels.loops.obstacle():
        return NUMPY
    return f"compiled kernels (Numba {sys.modules['numba'].__version__})"


def speed_of(model: Module) -> str:
    """The same, and what would be faster, where that is missing."""
    by = computed_by(model)
    missing = by == NUMPY and minibig.kernels.loops.obstacle() == minibig.kernels.loops.NO_NUMBA
    return f'{by}; faster ones: pip install "minibig[fast]"' if missing else by


def has_to_compile(model: Module) -> bool:
    """Whether loops are compiled here for the first time, which takes some ten seconds, once."""
    if not computed_by(model).startswith("compiled"):
        return False
    loop: Any = minibig.kernels.products.sum_rows  # every linear layer needs it
    return bool(loop.is_compiled() and not loop.machine.stats.cache_hits)

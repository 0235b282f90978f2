"""Inner loops of kernels: chains of NumPy calls, which compiled loops may stand for.

A kernel cuts an operation into blocks and asks BLAS for the products; what is left to do with the
numbers of a block is a function here called a loop:

    @loop
    def normalized(x, weight, bias, eps, x_hat, r, y): ...     # kernels/normalization.py: NumPy

The function of the same name in the file of the same name below `compiled/` does the same, written
as the plain loop that it is, in one pass over the numbers. It is used for float32 where Numba is
installed (`pip install "minibig[fast]"`), and imported when the first loop runs.

Loops write their results into arrays that they are given, which are contiguous.
"""

import functools
import importlib
import importlib.util
import os
from collections.abc import Callable
from typing import Any

import numpy as np

COMPILED = "compiled"
NUMPY = "NumPy"


class Loop:
    """A chain of NumPy calls over a block, and the compiled loop that stands for it."""

    def __init__(self, chain: Callable[..., None]):
        functools.update_wrapper(self, chain)
        self.chain, self.name = chain, chain.__name__

    def __call__(self, first: Any, /, *others: Any) -> None:
        if first.dtype == np.float32 and kind() == COMPILED:
            self.machine(first, *others)
        else:
            self.chain(first, *others)

    @functools.cached_property
    def machine(self) -> Callable[..., None]:
        """The compiled loop."""
        package, _, module = self.chain.__module__.rpartition(".")
        return getattr(importlib.import_module(f"{package}.compiled.{module}"), self.name)


def loop(chain: Callable[..., None]) -> Loop:
    """Make a function of arrays a loop that compiled code may stand for (decorator)."""
    return Loop(chain)


@functools.cache
def kind() -> str:
    """What loops are used: "compiled", or "NumPy" without Numba or by MINIBIG_KERNELS=numpy."""
    wanted = os.environ.get("MINIBIG_KERNELS") != "numpy"
    return COMPILED if wanted and importlib.util.find_spec("numba") else NUMPY

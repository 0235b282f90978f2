"""Inner loops of kernels: chains of NumPy calls, which compiled loops may stand for.

A kernel cuts an operation into blocks and asks BLAS for the products; what is left to do with the
numbers of a block is a function here called a loop:

    @loop
    def layer_norm_rows(x, weight, bias, eps, x_hat, r, y): ...     # kernels/normalization.py

The function of the same name in the file of the same name below `compiled/` does the same, written
as the plain loop that it is, in one pass over the numbers. It is used for float32 where Numba is
installed (`pip install "minibig[fast]"`), and imported when the first loop runs.

Where a chain of NumPy calls would gain too little, there is the compiled loop only:

    rms_norm_rows = CompiledLoop(__name__, "rms_norm_rows")

and the kernel returns NotImplemented, so that the formula runs, unless `rms_norm_rows.takes(x)`.

Loops write their results into arrays that they are given. Arrays are contiguous: a compiled loop
refuses others with a TypeError.
"""

import functools
import importlib
import importlib.util
import os
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from minibig.backend import Array
from minibig.kernels.parallel import is_plain

COMPILED = "compiled"
NUMPY = "NumPy"


class CompiledLoop:
    """A loop that there is in compiled form only, in the file of the same name in `compiled/`."""

    def __init__(self, module: str, name: str):
        self.module, self.name = module, name

    def takes(self, *arrays: Array | None) -> bool:
        """Whether it runs on these arrays, the first of which is given: float32, with Numba.

        >>> CompiledLoop("minibig.kernels.normalization", "rms_norm_rows").takes(np.zeros(2))
        False
        """
        return is_plain(*arrays) and _is_compiled_for(arrays[0])

    def __call__(self, *arguments: Any) -> None:
        self.machine(*arguments)

    @functools.cached_property
    def machine(self) -> Callable[..., None]:
        """The compiled loop."""
        package, _, module = self.module.rpartition(".")
        return getattr(importlib.import_module(f"{package}.compiled.{module}"), self.name)


class Loop(CompiledLoop):
    """A chain of NumPy calls over a block, and the compiled loop that stands for it."""

    def __init__(self, chain: Callable[..., None]):
        super().__init__(chain.__module__, chain.__name__)
        functools.update_wrapper(self, chain)
        self.chain = chain

    def takes(self, *arrays: Array | None) -> bool:
        return is_plain(*arrays)

    def __call__(self, first: Any, /, *others: Any) -> None:
        function = self.machine if _is_compiled_for(first) else self.chain
        function(first, *others)


def _is_compiled_for(x: Any) -> bool:
    return x.dtype == np.float32 and kind() == COMPILED


def loop(chain: Callable[..., None]) -> Loop:
    """Make a function of arrays a loop that compiled code may stand for (decorator)."""
    return Loop(chain)


@functools.cache
def kind() -> str:
    """What loops are used: "compiled", or "NumPy" without Numba or by MINIBIG_KERNELS=numpy.

    So it is, with a warning, where Numba is installed but cannot be used: it may not know this
    version of NumPy.
    """
    if os.environ.get("MINIBIG_KERNELS") == "numpy" or not importlib.util.find_spec("numba"):
        return NUMPY
    try:
        importlib.import_module("minibig.kernels.compiled.compiling")
    except Exception as error:
        message = f"Numba is installed but does not work here: {error}. Kernels run on NumPy alone."
        warnings.warn(message, stacklevel=2)
        return NUMPY
    return COMPILED

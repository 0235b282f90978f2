"""Inner loops of kernels: chains of NumPy calls, which compiled loops may stand for.

A kernel cuts an operation into blocks and asks BLAS for the products; what is left to do with the
numbers of a block is a function here called a loop:

    @loop
    def sum_rows(x, start, stop, y): ...                               # kernels/products.py

The function of the same name in the file of the same name below `compiled/` does the same, written
as the plain loop that it is, in one pass over the numbers. It is used for float32 where Numba is
installed (`pip install "minibig[fast]"`); it is compiled, or loaded as it was compiled before, when
it first runs. Where that cannot be done, only speed is missing.

Where a chain of NumPy calls would gain too little, there is the compiled loop only:

    masked_rows = CompiledLoop(__name__, "masked_rows")                # kernels/dropout_masks.py

and the kernel returns NotImplemented, so that the formula runs, unless `masked_rows.takes(x)`.

Loops write their results into arrays that they are given. Arrays are contiguous: a compiled loop
refuses others with a TypeError.
"""

import functools
import importlib
import os
import threading
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from minibig.backend import Array
from minibig.kernels.parallel import is_plain
from minibig.required import KERNELS

COMPILED = "compiled"
NUMPY = "NumPy"
NO_NUMBA = "Numba is not installed"

_compiling = threading.RLock()
_obstacle: str | None = None  # not looked for yet


class CompiledLoop:
    """A loop that there is in compiled form only, in the file of the same name in `compiled/`."""

    def __init__(self, module: str, name: str):
        self.module, self.name = module, name

    def takes(self, *arrays: Array | None) -> bool:
        """Whether it runs on these arrays, the first of which is given: float32, with Numba.

        >>> CompiledLoop("minibig.kernels.dropout_masks", "masked_rows").takes(np.zeros(2))
        False
        """
        return is_plain(*arrays) and self._is_compiled_for(arrays[0])

    def __call__(self, *arguments: Any) -> None:
        if not self.is_compiled():  # another loop took the arrays, and it is too late for a formula
            raise RuntimeError(f"{self.name} cannot be compiled. Set MINIBIG_KERNELS=numpy.")
        self.machine(*arguments)

    def is_compiled(self) -> bool:
        """Whether there is compiled code of it; made now, if it was not before."""
        if not hasattr(self, "machine"):
            with _compiling:
                self.machine = self.__dict__.get("machine") or self._compile()
        return self.machine is not None

    def _is_compiled_for(self, x: Any) -> bool:
        return x.dtype == np.float32 and kind() == COMPILED and self.is_compiled()

    def _compile(self) -> Any:
        package, _, module = self.module.rpartition(".")
        try:
            return getattr(importlib.import_module(f"{package}.compiled.{module}"), self.name)()
        except Exception as error:  # whatever a compiler does that is not as expected
            message = f"Numba cannot compile {self.name}: {error}. It runs on NumPy."
            warnings.warn(message, RuntimeWarning, stacklevel=2)
            return None


class Loop(CompiledLoop):
    """A chain of NumPy calls over a block, and the compiled loop that stands for it."""

    def __init__(self, chain: Callable[..., None]):
        super().__init__(chain.__module__, chain.__name__)
        functools.update_wrapper(self, chain)
        self.chain = chain

    def takes(self, *arrays: Array | None) -> bool:
        return is_plain(*arrays)

    def __call__(self, first: Any, /, *others: Any) -> None:
        function = self.machine if self._is_compiled_for(first) else self.chain
        function(first, *others)


def loop(chain: Callable[..., None]) -> Loop:
    """Make a function of arrays a loop that compiled code may stand for (decorator)."""
    return Loop(chain)


def kind() -> str:
    """What loops are used: "compiled" or "NumPy"."""
    return NUMPY if obstacle() else COMPILED


def obstacle() -> str:
    """Why loops are not compiled; empty if they are. Numba is imported here, which takes 0.3 s."""
    global _obstacle
    if _obstacle is None:
        with _compiling:
            _obstacle = _obstacle_to_numba() if KERNELS == "on" else f"MINIBIG_KERNELS={KERNELS}"
    return _obstacle


def _obstacle_to_numba() -> str:
    """It may be missing, or not know this version of NumPy: then there is a warning."""
    try:
        importlib.import_module("minibig.kernels.compiled.compiling")
    except Exception as error:  # whatever a damaged installation does
        if isinstance(error, ModuleNotFoundError) and error.name == "numba":
            return NO_NUMBA
        reason = f"Numba cannot be used here: {error}"
        warnings.warn(f"{reason}. Kernels run on NumPy.", RuntimeWarning, stacklevel=2)
        return reason
    return ""


def _after_fork() -> None:
    """The child of a process in which another thread was compiling has half a compiler."""
    global _obstacle
    if _compiling.acquire(blocking=False):
        _compiling.release()
    else:
        _obstacle = "this process was forked while another thread compiled"


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)

"""A stand-in for the module `cupy` over NumPy: an array type that behaves like one on a GPU.

Nothing here proves that code runs on a GPU, but the usual ways to fail there fail here too: mixing
device arrays with NumPy arrays, implicit copies to the host, names and keywords that CuPy 14.2
lacks, reliance on strides, on the winner of repeated indices, on NumPy's random numbers. What waits
for the device is listed in `cupy.synchronisations`; inside `cupy.capturing()` it raises instead.

Stricter than CuPy on purpose: `add.reduceat` (there a difference of prefix sums, which loses
digits), assignment of lists and NumPy arrays through integer arrays (a hidden upload), repeated
indices and float-to-integer casts of values out of range (both undefined) are refused.

Not modelled: speed, memory, the order of atomic additions, late errors, CUDA sources, streams,
global random functions, bfloat16. Floating-point warnings are silent, as on a GPU.
"""

import contextlib
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import numpy as np

from .arrays import (
    CUDARuntimeError,
    Device,
    array,
    asarray,
    asnumpy,
    call,
    current,
    elementwise,
    ndarray,
    state,
    wait,
)
from .differences import ABSENT_IN_LINALG, GENERATOR_METHODS
from .functions import Module, Ufunc, cupy

__all__ = ["capturing", "fake_cupy", "install", "uninstall"]
_replaced: list[dict[str, ModuleType]] = []


class Generator:
    """Random numbers by the methods that CuPy has; their values are not NumPy's."""

    def __init__(self, seed: Any = None) -> None:
        sequence = np.random.SeedSequence(seed, spawn_key=(0xC0DA,))
        self._host = np.random.Generator(np.random.Philox(sequence))

    def __getattr__(self, name: str) -> Callable:
        if name not in GENERATOR_METHODS:
            raise AttributeError(f"'Generator' object has no attribute {name!r}")
        return lambda *args, **kwargs: call(getattr(self._host, name), args, kwargs)


@contextlib.contextmanager
def capturing() -> Iterator[None]:
    """As in the capture of a CUDA graph: whatever waits for the device raises RuntimeError."""
    before, state.capturing = state.capturing, True
    try:
        yield
    finally:
        state.capturing = before


cupy.__version__, cupy.ndarray, cupy.newaxis = "14.2.0", ndarray, None
cupy.array, cupy.asarray, cupy.asanyarray, cupy.asnumpy = array, asarray, asarray, asnumpy
cupy.copy = lambda a, order="K": array(a, order=order)
cupy.ascontiguousarray = lambda a, dtype=None: array(a, dtype, None, "C", 1)
cupy.ufunc, cupy.is_available = Ufunc, lambda: True
cupy.get_array_module = lambda *a: cupy if any(isinstance(x, ndarray) for x in a) else np
cupy.synchronisations, cupy.forget, cupy.capturing = state.log, state.log.clear, capturing
cupy.linalg = Module("cupy.linalg", np.linalg, ABSENT_IN_LINALG)
cupy.fft = Module("cupy.fft", np.fft)
cupy.random = Module("cupy.random", default_rng=Generator, Generator=Generator)
cupy.lib = Module("cupy.lib")
cupy.lib.stride_tricks = Module("cupy.lib.stride_tricks", np.lib.stride_tricks)
cupy.cuda = Module("cupy.cuda", Device=Device, is_available=lambda: True)
cupy.cuda.runtime = Module("cupy.cuda.runtime", CUDARuntimeError=CUDARuntimeError)
cupy.cuda.runtime.getDeviceCount = lambda: state.devices
cupy.cuda.runtime.deviceSynchronize = lambda: wait("synchronize")
cupyx = Module("cupyx", empty_pinned=np.empty, zeros_pinned=np.zeros)
cupyx.scatter_add = lambda a, slices, value: cupy.add.at(a, slices, value)
cupyx.rsqrt = lambda x: elementwise(lambda host: 1 / np.sqrt(host), (x,), {})
MODULES = [cupy, cupy.linalg, cupy.fft, cupy.random, cupy.lib, cupy.lib.stride_tricks]
MODULES += [cupy.cuda, cupy.cuda.runtime, cupyx]


def _take_out() -> dict[str, ModuleType]:
    names = [name for name in sys.modules if name.split(".")[0] in ("cupy", "cupyx")]
    return {name: sys.modules.pop(name) for name in names}


def install(devices: int = 1) -> ModuleType:
    """Let `import cupy` find the fake, with this many devices, and return it."""
    _replaced.append(_take_out())
    sys.modules.update({module.__name__: module for module in MODULES})
    state.devices, current.device = devices, 0
    state.log.clear()
    return cupy


def uninstall() -> None:
    """Undo the latest `install`."""
    if not _replaced:
        raise RuntimeError("uninstall() needs an install() before it")
    _take_out()
    sys.modules.update(_replaced.pop())


@contextlib.contextmanager
def fake_cupy(devices: int = 1) -> Iterator[ModuleType]:
    """The fake in place of CuPy for the length of a `with` block."""
    try:
        yield install(devices)
    finally:
        uninstall()

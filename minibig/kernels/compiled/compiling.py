"""How loops are compiled, and e^x for float32 in a form that becomes vector instructions.

The annotations of a loop are its types, those of `array_types`. Each loop is compiled once, for
these types, and kept in a cache beside its file (or below the home directory, where that cannot be
written).

Sums may be added up in any order, so that they become vector instructions, too; the order is the
same each time. What is not finite stays so.
"""

import contextlib
import functools
import inspect
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

if numba.config.DISABLE_JIT:
    raise ImportError("NUMBA_DISABLE_JIT is set")
if numba.version_info.short < (0, 62):  # LLVM before 17 ends the process at llvm.maximum
    raise ImportError(f"it is {numba.__version__}, but 0.62 or a newer one is needed")

f32 = np.float32

_ANY_ORDER = {"contract", "nsz", "arcp", "reassoc"}
_VERSION = f"{zlib.crc32(Path(__file__).read_bytes()):08x}"


def compiled(function: Callable[..., None]) -> Callable[[], Any]:
    """Let a loop be compiled when it is called for, with no arguments (decorator)."""
    function.__qualname__ += f"_{_VERSION}"  # Numba's cache goes by names, and by one file each
    return functools.partial(_machine_code_of_loop, function)


def _machine_code_of_loop(function: Callable[..., None]) -> Any:
    signature = types.void(*[p.annotation for p in inspect.signature(function).parameters.values()])
    return machine_code(function, signature, error_model="numpy", fastmath=_ANY_ORDER)


def machine_code(function: Callable[..., None], signature: Any, **options: Any) -> Any:
    """A function compiled for the types of a signature, or loaded as it was compiled before."""
    options["nogil"] = True
    try:
        return numba.njit(signature, cache=True, **options)(function)
    except Exception:  # no folder can be written, the disk is full, what is kept there is damaged
        with contextlib.suppress(Exception):  # the next process compiles it anew
            numba.njit(cache=True)(function)._cache.flush()
        return numba.njit(signature, **options)(function)


inlined = numba.njit(
    nogil=True, forceinline=True, error_model="numpy", fastmath={"contract", "nsz"}
)
"""Make a formula of numbers part of the loops that use it (decorator); it keeps its order."""


@intrinsic
def larger(typing_context: Any, a: Any, b: Any) -> Any:
    """The larger of two float32; NaN if one is. Unlike max() it becomes vector instructions."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        kind = ir.FunctionType(ir.FloatType(), [ir.FloatType()] * 2)
        maximum = cgutils.get_or_insert_function(builder.module, kind, "llvm.maximum.f32")
        return builder.call(maximum, values)

    return types.float32(types.float32, types.float32), generate


@inlined
def exp(x):
    """e^x = 2ⁿ·eʳ, n the whole number nearest to x/ln 2; eʳ by its series up to r⁷, |r| < 0.35.

    ln 2 is taken off in two parts, the first of which has few digits, so that n times it is exact.
    The result is within 1.1 units in the last place, 0 below −88 and ∞ above 88.4.
    """
    x = f32(-88) if x < f32(-88) else f32(89) if x > f32(89) else x
    n = np.rint(x * f32(1.44269504))
    r = x - n * f32(0.693359375)
    r = r - n * f32(-2.12194440e-4)
    q = f32(1 / 5040)
    q = q * r + f32(1 / 720)
    q = q * r + f32(1 / 120)
    q = q * r + f32(1 / 24)
    q = q * r + f32(1 / 6)
    q = q * r + f32(1 / 2)
    power = np.int32((np.int32(n) + np.int32(127)) << np.int32(23)).view(f32)  # 2ⁿ by its bits
    return (q * (r * r) + r + f32(1)) * power

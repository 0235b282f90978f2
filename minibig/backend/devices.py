"""Devices and arrays: NumPy on the CPU, CuPy on a GPU; no other package knows which.

They share one dialect: a function asks `xp = namespace(x)` and uses what both have. CuPy is
imported when a CUDA device is first asked for, never before.
"""

import os
import re
import sys
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from minibig.backend.checks import real_dtype
from minibig.backend.errors import InputError

Array: TypeAlias = np.ndarray[Any, Any]
Shape: TypeAlias = tuple[int, ...]


class Device(NamedTuple):
    """Where an array lives: `cpu`, or a CUDA device with its number; as text "cuda:1"."""

    kind: str
    index: int = 0  # type: ignore[assignment]  # the method of tuples is not needed

    def __str__(self) -> str:
        return "cpu" if self.kind == "cpu" else f"cuda:{self.index}"


CPU = Device("cpu")


def is_array(x: Any) -> bool:
    """Whether x is an array of one of the two back ends."""
    if isinstance(x, np.ndarray):
        return True
    cupy = sys.modules.get("cupy")
    return cupy is not None and isinstance(x, cupy.ndarray)


def plain(x: Any) -> Any:
    """An array of NumPy without a class and a byte order of its own; all else as it is.

    For `numpy.matrix` * is another product, and a masked array hides elements that would count.

    >>> plain(np.ones(2, ">f4")).dtype == np.float32
    True
    """
    if isinstance(x[0] if isinstance(x, list) and x else x, np.ma.MaskedArray):
        raise InputError("a masked array hides elements; fill them first: x.filled(0.0).")
    return np.asarray(x, x.dtype.newbyteorder("=")) if isinstance(x, np.ndarray) else x


def namespace(x: Any) -> Any:
    """The module whose functions work on x: `numpy` or `cupy`."""
    if isinstance(x, (np.ndarray, np.generic, float, int)):
        return np
    if is_array(x):
        return sys.modules["cupy"]
    raise TypeError(f"expected an array; got {type(x).__name__}. Wrap it: mb.tensor(x).")


def device(name: "str | Device | None" = None) -> Device:
    """The device called `name`: "cpu", "cuda", "cuda:1", or "auto" (CUDA if it is usable).

    Without a name the environment variable MINIBIG_DEVICE decides, and "cpu" if it is not set.

    Raises:  InputError if the name is unknown, or if CUDA is asked for and not usable.

    >>> device("cpu")
    Device(kind='cpu', index=0)
    """
    if isinstance(name, Device):
        return name
    unnamed = name is None or (isinstance(name, str) and not name)
    asked = (os.environ.get("MINIBIG_DEVICE") or "cpu") if unnamed else name
    if not (isinstance(asked, str) and re.fullmatch(r"cpu|auto|cuda(:\d+)?", asked)):
        raise InputError(f'device must be "cpu", "cuda", "cuda:<number>" or "auto"; got {asked!r}.')
    if asked == "cpu":
        return CPU
    index = int(asked.partition(":")[2] or 0)
    problem = _cuda_problem(index)
    if problem and asked != "auto":
        raise InputError(f'device "{asked}" cannot be used: {problem}, or use device="cpu".')
    return CPU if problem else Device("cuda", index)


def dtype_or_device(where: Any) -> tuple[Any, Device | None]:
    """What `to` was asked for: (dtype, None) or (None, device).

    Raises:  InputError for anything else, and for a device that cannot be used.

    >>> dtype_or_device("float64"), dtype_or_device("cpu")
    ((dtype('float64'), None), (None, Device(kind='cpu', index=0)))
    """
    if isinstance(where, Device) or str(where).partition(":")[0] in ("cpu", "cuda", "auto"):
        return None, device(where)
    return real_dtype("to: the target", where, 'a device ("cpu", "cuda", ...) or a dtype'), None


def _cuda_problem(index: int) -> str:
    """Why CUDA device number `index` cannot be used, and what to do; empty if it can."""
    try:
        import cupy  # type: ignore[import-not-found]
    except ImportError as error:
        return f"CuPy is not installed ({error}). Install it with pip install 'minibig[gpu]'"
    if not cupy.cuda.is_available():
        return "CuPy finds no CUDA driver or GPU. Check that nvidia-smi lists one"
    count = cupy.cuda.runtime.getDeviceCount()
    if index >= count:
        return f"this machine has {count} CUDA device(s). Use a number below {count}"
    return ""


def device_of(x: Array) -> Device:
    """The device on which the array x lives."""
    return CPU if namespace(x) is np else Device("cuda", int(x.device.id))  # type: ignore[attr-defined]


def to_device(x: Array, target: Device) -> Array:
    """The array x on device `target`; x itself if it is there already."""
    if device_of(x) == target:
        return x
    if target.kind == "cpu":
        return to_numpy(x)
    cupy = sys.modules["cupy"]
    if not isinstance(x, np.ndarray):  # between two GPUs CuPy copies contiguous arrays only
        with cupy.cuda.Device(device_of(x).index):
            x = cupy.ascontiguousarray(x)
    with cupy.cuda.Device(target.index):
        return cupy.asarray(x)


def to_numpy(x: Any) -> Array:
    """The array x in the memory of the CPU; x itself if it is a NumPy array."""
    return np.asarray(x) if namespace(x) is np else x.get()

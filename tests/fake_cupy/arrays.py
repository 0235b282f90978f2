"""The device array, and the border between the two memories that everything passes.

Operators, and the methods that NumPy arrays have too, are added by `functions`.
"""

import operator
import threading
import weakref
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np


class _Current(threading.local):
    device = 0


current = _Current()
state = SimpleNamespace(capturing=False, devices=1, log=[])
_owners: weakref.WeakValueDictionary[int, "ndarray"] = weakref.WeakValueDictionary()


def wait(name: str) -> None:
    if state.capturing:
        raise RuntimeError(f"{name} waits for the device, which a captured graph cannot do")
    state.log.append(name)


def wrap(host: np.ndarray, device: int) -> "ndarray":
    if host.dtype.char not in "?bhilqBHILQefdFD" or not host.dtype.isnative:
        raise ValueError(f"Unsupported dtype {host.dtype}")
    array = object.__new__(ndarray)
    array._host, array._device = host, device
    if host.base is None:
        _owners[id(host)] = array
    return array


def to_host(value: Any, seen: dict[int, "ndarray"]) -> Any:
    """`value` with NumPy arrays for its device arrays, which are noted in `seen`."""
    if isinstance(value, ndarray):
        seen[id(value._host)] = value
        return value._host
    if isinstance(value, np.ndarray):
        raise TypeError(f"Unsupported type {type(value)}")
    if isinstance(value, (list, tuple)):
        return type(value)(to_host(item, seen) for item in value)
    return {k: to_host(v, seen) for k, v in value.items()} if isinstance(value, dict) else value


def to_device(result: Any, seen: dict[int, "ndarray"], device: int, order: str) -> Any:
    """NumPy's result as device arrays; an argument that comes back is the same object again."""
    if isinstance(result, (list, tuple)):
        parts = [to_device(part, seen, device, order) for part in result]
        return type(result)(*parts) if hasattr(result, "_fields") else type(result)(parts)
    if not isinstance(result, (np.ndarray, np.generic)):
        return result
    if id(result) in seen:
        return seen[id(result)]
    result = np.asarray(result, order=order)
    if result.base is None:  # only a view needs no kernel
        require_current(device)
    return wrap(result, device)


def require_current(device: int) -> None:
    if device != current.device:
        raise ValueError(
            f"The device where the array resides ({device}) is different from the current device "
            f"({current.device}). Work inside cupy.cuda.Device({device})."
        )


def call(function: Callable, args: Any, kwargs: dict[str, Any], order: str = "K") -> Any:
    """Run a NumPy function on device arrays, which must share one device."""
    seen: dict[int, ndarray] = {}
    host_args, host_kwargs = to_host(args, seen), to_host(kwargs, seen)
    devices = {array._device for array in seen.values()} or {current.device}
    if len(devices) > 1:
        raise ValueError(f"The arrays reside on different devices {sorted(devices)}")
    with np.errstate(all="ignore"):
        result = function(*host_args, **host_kwargs)
    return to_device(result, seen, devices.pop(), order)


def elementwise(function: Callable, args: tuple, kwargs: dict[str, Any]) -> Any:
    """Run a ufunc: operands are device arrays and scalars, a new result is in C order."""
    out = kwargs.get("out")
    for operand in (*args, *(out if isinstance(out, tuple) else (out,))):
        if not isinstance(operand, (ndarray, bool, int, float, complex, np.generic, type(None))):
            raise TypeError(f"Unsupported type {type(operand)}")
        if isinstance(operand, ndarray):
            require_current(operand._device)
    return call(function, args, kwargs, order="C")


def array(
    obj: Any, dtype: Any = None, copy: bool | None = True, order: str = "K", ndmin: int = 0
) -> "ndarray":
    """Copy numbers, lists or a NumPy array to the device; with `ndarray.set` the only way up."""
    options = {"copy": copy if isinstance(obj, ndarray) else True, "order": order, "ndmin": ndmin}
    if isinstance(obj, ndarray) and obj._device != current.device:
        if not (obj.flags.c_contiguous or obj.flags.f_contiguous):
            raise NotImplementedError("CuPy cannot copy non-contiguous array between devices.")
        return wrap(np.array(obj._host, dtype, order=order, ndmin=ndmin), current.device)
    if isinstance(obj, np.ndarray):
        return wrap(np.array(obj, dtype, **options), current.device)
    return call(lambda host: np.array(host, dtype, **options), (obj,), {})


def asarray(a: Any, dtype: Any = None, order: str = "K", copy: bool | None = None) -> "ndarray":
    return array(a, dtype, copy, order)


def asnumpy(a: Any, stream: Any = None, order: str = "C", out: Any = None) -> np.ndarray:
    return a._download("asnumpy", order, out) if isinstance(a, ndarray) else np.asarray(a)


def _index(key: Any, shape: tuple[int, ...]) -> tuple[tuple, list[np.ndarray]]:
    """NumPy's form of an index, integer arrays wrapped around as on a GPU; and its arrays."""
    parts = [_index_part(part) for part in (key if isinstance(key, tuple) else (key,))]
    if not any(part is Ellipsis for part in parts):
        parts.append(Ellipsis)  # with it NumPy answers with a view, never with a scalar
    axes = [
        0 if part is None or part is Ellipsis else part.ndim if _is_mask(part) else 1
        for part in parts
    ]
    axis, index = 0, []
    for part, count in zip(parts, axes, strict=True):
        wraps = isinstance(part, np.ndarray) and part.dtype.kind in "iu" and axis < len(shape)
        if wraps and shape[axis] > 0:
            part = np.asarray(part.astype(np.int64) % shape[axis])
        index.append(part)
        axis += len(shape) - sum(axes) if part is Ellipsis else count
    return tuple(index), [part for part in parts if isinstance(part, np.ndarray)]


def _index_part(part: Any) -> Any:
    if isinstance(part, (list, tuple)) and np.size(part) == 0:
        return np.zeros(np.shape(part), np.int64)
    if isinstance(part, (list, tuple, bool, np.bool_)):
        return np.asarray(part)
    if isinstance(part, ndarray):
        require_current(part._device)
        return part._host
    return part


def _is_mask(part: Any) -> bool:
    return isinstance(part, np.ndarray) and part.dtype.kind == "b"


def _described(name: str) -> property:
    return property(lambda self: getattr(self._host, name))


def _viewed(name: str) -> property:
    return property(lambda self: wrap(getattr(self._host, name), self._device))


class ndarray:  # the name is CuPy's
    """An array in the memory of a device; without waiting, the host sees only its description."""

    __slots__ = ("__weakref__", "_device", "_host")
    __array_priority__ = 100
    __hash__ = None

    def __new__(cls, shape: Any, dtype: Any = float) -> "ndarray":
        return wrap(np.empty(shape, dtype), current.device)

    shape, dtype, ndim, size = map(_described, ("shape", "dtype", "ndim", "size"))
    itemsize, nbytes, strides = map(_described, ("itemsize", "nbytes", "strides"))
    T, mT, real, imag = map(_viewed, ("T", "mT", "real", "imag"))
    device = property(lambda self: Device(self._device))

    @property
    def base(self) -> "ndarray | None":
        """The array that owns the memory, or None if this one does."""
        owner = self._host.base
        if owner is None or id(owner) in _owners:
            return _owners.get(id(owner))
        return wrap(owner, self._device)

    @property
    def flags(self) -> SimpleNamespace:
        names = ("c_contiguous", "f_contiguous", "owndata")
        return SimpleNamespace(**{name: getattr(self._host.flags, name) for name in names})

    def astype(self, dtype: Any, order: str = "K", *, copy: bool = True) -> "ndarray":
        target = np.dtype(dtype)
        if self.dtype.kind == "f" and target.kind in "iu" and self.size:
            whole, limits = np.trunc(self._host.astype(np.float64)), np.iinfo(target)
            fits = (whole >= float(limits.min)) & (whole < float(limits.max) + 1.0)
            assert fits.all(), f"a cast to {target} of values outside its range is undefined"
        return call(np.ndarray.astype, (self, target, order), {"copy": copy})

    def fill(self, value: Any) -> None:
        if np.ndim(to_host(value, {})):
            raise ValueError("non-scalar array cannot be used for fill")
        self[...] = value

    def set(self, arr: np.ndarray) -> None:
        if not isinstance(arr, np.ndarray) or (arr.dtype, arr.shape) != (self.dtype, self.shape):
            raise TypeError(f"Only a numpy.ndarray of {self.dtype} {self.shape} can be set")
        self._host[...] = arr

    def _download(self, name: str, order: str = "C", out: np.ndarray | None = None) -> np.ndarray:
        wait(name)
        if out is None:
            return np.array(self._host, order=order)
        np.copyto(out, self._host, casting="no")
        return out

    def get(self, stream: Any = None, order: str = "C", out: Any = None) -> np.ndarray:
        return self._download("get", order, out)

    item = lambda self: self._download("item").item()
    tolist = lambda self: self._download("tolist").tolist()
    tobytes = lambda self: self._download("tobytes").tobytes()
    __bool__ = lambda self: bool(self._download("bool"))
    __int__ = lambda self: int(self._download("int"))
    __float__ = lambda self: float(self._download("float"))
    __str__ = lambda self: str(self._download("str"))
    __repr__ = lambda self: f"fake {self._host!r}"  # not recorded: debuggers and pytest call it
    copy = lambda self, order="C": array(self, order=order)
    __copy__ = lambda self: self.copy()
    __deepcopy__ = lambda self, memo: self.copy()
    __len__ = lambda self: len(self._host)

    def __array__(self, *args: Any, **kwargs: Any) -> np.ndarray:
        raise TypeError(
            "Implicit conversion to a NumPy array is not allowed. "
            "Please use `.get()` to construct a NumPy array explicitly."
        )

    def __iter__(self) -> Iterator["ndarray"]:
        if self.ndim == 0:
            raise TypeError("iteration over a 0-d array")
        return (self[i] for i in range(len(self)))

    def _place(self, key: Any) -> tuple[tuple, list[np.ndarray]]:
        index, arrays = _index(key, self.shape)
        if arrays:
            require_current(self._device)
        if any(_is_mask(part) for part in arrays):
            wait("mask")
        return index, arrays

    def __getitem__(self, key: Any) -> "ndarray":
        index, arrays = self._place(key)
        chosen = self._host[index]
        return wrap(np.array(chosen, order="C") if arrays else chosen, self._device)

    def __setitem__(self, key: Any, value: Any) -> None:
        if isinstance(value, (np.ndarray, list, tuple)):
            raise ValueError("non-scalar numpy.ndarray cannot be used for fill")
        index, arrays = self._place(key)
        if arrays and isinstance(value, ndarray) and value.size > 1:
            places = np.arange(self.size).reshape(self.shape)[index]
            assert np.unique(places).size == places.size, (
                "assignment through repeated indices: which value wins is undefined on a GPU; "
                "make the indices unique or use add.at"
            )
        call(lambda host, new: operator.setitem(host, index, new), (self, value), {})


class CUDARuntimeError(RuntimeError):
    """What the CUDA runtime complains about."""


class Device:
    """One of the fake devices; `with Device(n):` makes it the current one of this thread."""

    def __init__(self, device: int | None = None) -> None:
        self.id = current.device if device is None else int(device)
        self._previous: list[int] = []

    def use(self) -> None:
        if not 0 <= self.id < state.devices:
            raise CUDARuntimeError("cudaErrorInvalidDevice: invalid device ordinal")
        current.device = self.id

    def __enter__(self) -> "Device":
        before = current.device
        self.use()
        self._previous.append(before)
        return self

    def __exit__(self, *exception: Any) -> None:
        current.device = self._previous.pop()

    __eq__ = lambda self, other: isinstance(other, Device) and self.id == other.id
    __hash__ = lambda self: hash(self.id)
    synchronize = lambda self: wait("synchronize")

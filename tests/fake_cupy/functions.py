"""NumPy's functions, methods and operators for device arrays, as far as CuPy has them."""

import operator
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

import numpy as np

from .arrays import call, elementwise, ndarray, wait
from .differences import (
    ABSENT,
    ABSENT_KEYWORDS,
    ABSENT_KEYWORDS_OF,
    AT_DTYPES,
    ELEMENTWISE,
    METHODS,
    WAITING,
    ZERO_DIMENSIONAL,
)


class Ufunc:
    """An element-wise function with the few keywords and methods that CuPy's have."""

    def __init__(self, host: np.ufunc) -> None:
        self._host, self.__name__, self.nin, self.nout = host, host.__name__, host.nin, host.nout

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if kwargs.keys() - {"out", "dtype", "casting"}:
            raise TypeError(f"Wrong arguments {kwargs}")
        return elementwise(self._host, args, kwargs)

    def at(self, a: ndarray, indices: Any, b: Any = None) -> None:
        dtypes = AT_DTYPES.get(self.__name__)
        if dtypes is None:
            raise NotImplementedError(f"`{self.__name__}.at` is not supported yet")
        if a.dtype.name not in dtypes:
            raise TypeError(f"cupy.{self.__name__}.at only supports {', '.join(sorted(dtypes))}")
        index, _ = a._place(indices)
        elementwise(lambda host, value: self._host.at(host, index, value), (a, b), {})

    def reduce(self, array: ndarray, axis: Any = 0, **kwargs: Any) -> ndarray:
        return self._method("reduce", array, add="sum", multiply="prod")(axis, **kwargs)

    def accumulate(self, array: ndarray, axis: Any = 0, **kwargs: Any) -> ndarray:
        return self._method("accumulate", array, add="cumsum", multiply="cumprod")(axis, **kwargs)

    def reduceat(self, array: ndarray, *args: Any, **kwargs: Any) -> ndarray:
        return self._method("reduceat", array)(*args, **kwargs)

    def _method(self, name: str, array: ndarray, **methods: str) -> Callable:
        if self.__name__ not in methods:
            raise NotImplementedError(f"`{self.__name__}.{name}` is not supported yet")
        return getattr(array, methods[self.__name__])


def _function(name: str, host: Callable) -> Callable:
    """The device's version of a NumPy function or method that is not a ufunc."""
    refused = ABSENT_KEYWORDS | ABSENT_KEYWORDS_OF.get(name, set())
    refused = refused - {"where"} if name == "copyto" else refused
    run = elementwise if name in ELEMENTWISE else call
    finish = np.asarray if name in ZERO_DIMENSIONAL else lambda result: result

    def restricted(*args: Any, **kwargs: Any) -> Any:
        if refused & kwargs.keys():
            raise TypeError(f"{name}() got unexpected keywords {sorted(refused & kwargs.keys())}")
        if args and hasattr(ndarray, name) and not isinstance(args[0], ndarray):
            raise TypeError(f"Unsupported type {type(args[0])}")
        if name in WAITING or (name == "where" and len(args) == 1):
            wait(name)
        wrap = {"mode": "wrap"} if name == "take" else {}
        return run(lambda *a, **k: finish(host(*a, **k)), args, kwargs | wrap)

    return restricted


def _operator(function: Callable, swapped: bool = False) -> Callable:
    """The method behind an operator; as NEP 13 says, another type may ask to be served first."""

    def apply(self: ndarray, other: Any) -> Any:
        absent = object()
        override = getattr(other, "__array_ufunc__", absent)
        outranked = self.__array_priority__ < getattr(other, "__array_priority__", 0)
        if override is None or (override is absent and outranked):
            return NotImplemented
        return elementwise(function, (other, self) if swapped else (self, other), {})

    return apply


for _name in METHODS:
    setattr(ndarray, _name, _function(_name, getattr(np.ndarray, _name)))
for _name in "add sub mul truediv floordiv mod pow and or xor lshift rshift".split():  # noqa: SIM905
    _symbol = operator.__dict__[f"__{_name}__"]
    setattr(ndarray, f"__{_name}__", _operator(_symbol))
    setattr(ndarray, f"__r{_name}__", _operator(_symbol, swapped=True))
    setattr(ndarray, f"__i{_name}__", _operator(operator.__dict__[f"__i{_name}__"]))
for _name in ("__lt__", "__le__", "__gt__", "__ge__", "__eq__", "__ne__"):
    setattr(ndarray, _name, _operator(operator.__dict__[_name]))
for _name in ("__neg__", "__pos__", "__abs__", "__invert__"):
    _symbol = operator.__dict__[_name]
    setattr(ndarray, _name, lambda self, symbol=_symbol: elementwise(symbol, (self,), {}))
ndarray.__matmul__ = _operator(operator.matmul)
ndarray.__rmatmul__ = _operator(operator.matmul, swapped=True)


class Module(ModuleType):
    """A module whose functions are NumPy's, but for those of its own and those that CuPy lacks."""

    def __init__(self, name: str, source: Any = None, absent: Any = (), **own: Any) -> None:
        super().__init__(name)
        self.__dict__.update(own, _source=source, _absent=absent, __spec__=ModuleSpec(name, None))

    def __getattr__(self, name: str) -> Any:
        known = not name.startswith("_") and name not in self._absent
        value = getattr(self._source, name, None) if known else None
        if value is None or isinstance(value, ModuleType):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        if isinstance(value, np.ufunc):
            value = Ufunc(value)
        elif callable(value) and not isinstance(value, type):
            value = _function(name, value)
        setattr(self, name, value)
        return value


cupy = Module("cupy", np, ABSENT)


def _array_ufunc(self: ndarray, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
    function = getattr(cupy, ufunc.__name__, None)
    if function is None:
        return NotImplemented
    if "out" in kwargs:
        (kwargs["out"],) = kwargs["out"]
    return (function if method == "__call__" else getattr(function, method))(*inputs, **kwargs)


def _array_function(self: ndarray, function: Callable, types: Any, args: Any, kwargs: Any) -> Any:
    place: Any = cupy
    for name in (*function.__module__.split(".")[1:], function.__name__):
        place = getattr(place, name, None)
    return NotImplemented if place is None else place(*args, **kwargs)


ndarray.__array_ufunc__, ndarray.__array_function__ = _array_ufunc, _array_function

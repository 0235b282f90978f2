"""New tensors: constants, ranges and random numbers. float32 unless a dtype is given.

Shapes are given as in NumPy or as in PyTorch: `zeros((2, 3))` is `zeros(2, 3)`.
"""

from typing import Any

import numpy as np

from minibig.autograd import Tensor
from minibig.backend import Device, InputError, Shape, checks, device, device_of, stream, to_device
from minibig.ops.operands import array_of

Place = str | Device | None

def full(shape: int | Shape, value: float, dtype: Any = "float32", device: Place = None) -> Tensor:
    """A tensor of one value everywhere.

    >>> full((2,), 7.0)
    tensor([7., 7.])
    """
    return _filled("full", value, _lengths("full", shape), dtype, device)

def zeros(*shape: Any, dtype: Any = "float32", device: Place = None) -> Tensor:
    """A tensor of zeros.

    >>> zeros(2, 3).shape, zeros((2, 3), "int64").dtype
    ((2, 3), dtype('int64'))
    """
    return _filled("zeros", 0, *_shape_and_more("zeros", shape, dtype, device))

def ones(*shape: Any, dtype: Any = "float32", device: Place = None) -> Tensor:
    """A tensor of ones."""
    return _filled("ones", 1, *_shape_and_more("ones", shape, dtype, device))

def full_like(x: Any, value: float, dtype: Any = None, device: Place = None) -> Tensor:
    """A tensor of one value everywhere, with the shape, dtype and device of x."""
    array = array_of(x, "full_like: x")
    place = device or device_of(array)
    return _filled("full_like", value, array.shape, dtype or array.dtype, place)

def zeros_like(x: Any, dtype: Any = None, device: Place = None) -> Tensor:
    """A tensor of zeros, with the shape, dtype and device of x."""
    return full_like(x, 0, dtype, device)

def ones_like(x: Any, dtype: Any = None, device: Place = None) -> Tensor:
    """A tensor of ones, with the shape, dtype and device of x."""
    return full_like(x, 1, dtype, device)

def eye(
    n: int, m: int | None = None, k: int = 0, dtype: Any = "float32", device: Place = None
) -> Tensor:
    """A matrix (n, m), square if m is not given: ones on its k-th diagonal, else zeros.

    >>> eye(2, 3).tolist()
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    """
    rows = checks.whole("eye: n", n, 0)
    columns = rows if m is None else checks.whole("eye: m", m, 0)
    return _placed(np.eye(rows, columns, checks.whole("eye: k", k)), dtype, device)

def arange(*bounds: float, dtype: Any = None, device: Place = None) -> Tensor:
    """The numbers from start (0) up to, but without, stop, in steps of step (1).

    >>> arange(1, 7, 2)
    tensor([1, 3, 5])
    """
    if not 1 <= len(bounds) <= 3:
        raise checks.refusal("arange", "given stop; start, stop; or start, stop and step", bounds)
    for bound in bounds:
        checks.number("a bound of arange", bound)
    try:
        values = np.arange(*bounds, dtype=dtype)
    except (ValueError, ZeroDivisionError):  # too many, or without an end
        raise checks.refusal("arange", "given a step other than 0, and an end", bounds) from None
    usual = "float32" if values.dtype == np.float64 else values.dtype
    return _placed(values, dtype or usual, device)

def linspace(
    start: float, stop: float, n: int = 50, dtype: Any = "float32", device: Place = None
) -> Tensor:
    """n numbers at equal distances, from start to stop, both included.

    >>> linspace(0, 1, 5)
    tensor([0. , 0.25, 0.5 , 0.75, 1. ])
    """
    bounds = checks.number("linspace: start", start), checks.number("linspace: stop", stop)
    return _placed(np.linspace(*bounds, checks.whole("linspace: n", n, 0)), dtype, device)

def normal(
    *shape: Any, mean: float = 0.0, std: float = 1.0, name: str = "normal", dtype: Any = "float32",
    device: Place = None,
) -> Tensor:
    """Normally distributed random numbers, from the random stream `name`: mean 0, deviation 1.

    >>> normal(2, 3).shape, normal((2, 3), mean=5.0, std=0.1).shape
    ((2, 3), (2, 3))
    """
    lengths, mean, std = _shape_and_more("normal", shape, mean, std)
    mean, std = checks.number("normal: mean", mean), checks.number("normal: std", std, least=0)
    return _placed(mean + std * stream(name).standard_normal(lengths), dtype, device)

def uniform(
    *shape: Any, low: float = 0.0, high: float = 1.0, name: str = "uniform", dtype: Any = "float32",
    device: Place = None,
) -> Tensor:
    """Random numbers spread evenly over [low, high), from the random stream `name`: [0, 1)."""
    lengths, low, high = _shape_and_more("uniform", shape, low, high)
    low = checks.number("uniform: low", low)
    high = checks.number("uniform: high", high, least=low)
    values = np.asarray(stream(name).uniform(low, high, lengths), checks.real_dtype("dtype", dtype))
    if values.dtype.kind == "f":  # what lies just below high may have been rounded to it
        end, start = np.array([high, low], values.dtype)
        values = np.minimum(values, np.nextafter(end, start))
    return _placed(values, dtype, device)

def _shape_and_more(name: str, given: Any, first: Any, second: Any) -> tuple[Shape, Any, Any]:
    """The shape, and the two arguments that may follow it by position, as in NumPy.

    Behind a shape that is a tuple anything may follow. Behind lengths that stand one by one no
    number may, for it would be taken for another length.
    """
    one_by_one = bool(given) and isinstance(given[0], int | np.integer)
    n = next((i for i, x in enumerate(given) if not isinstance(x, int | np.integer)), len(given))
    shape, more = (given[:n], given[n:]) if one_by_one else (given[:1], given[1:])
    if len(more) > 2 or (one_by_one and more and isinstance(more[0], float)):
        raise checks.refusal(f"the shape of {name}", "whole numbers, or one tuple of them", given)
    more = (*more, *(first, second)[len(more) :])
    return _lengths(name, *shape), *more

def _lengths(name: str, *given: Any) -> Shape:
    """The lengths of the axes, which stand one by one or in one sequence."""
    lengths = given[0] if len(given) == 1 and isinstance(given[0], tuple | list) else given
    return tuple([checks.whole(f"a length in {name}", n, 0) for n in lengths])

def _filled(name: str, value: Any, shape: Shape, dtype: Any, where: Place) -> Tensor:
    dtype = checks.real_dtype(f"the dtype of {name}", dtype or "float32")
    if dtype.kind in "iu" and isinstance(value, float | np.floating) and not value.is_integer():
        raise checks.refusal(f"the value of {name}", f"a whole number for {dtype}", value)
    try:
        values = np.full(shape, value, dtype)
    except (TypeError, ValueError, OverflowError) as error:
        reason = str(error).rstrip(".")
        raise InputError(f"{name} cannot make {value!r} of {dtype}: {reason}.") from None
    return _placed(values, dtype, where)

def _placed(values: Any, dtype: Any, where: Place) -> Tensor:
    return Tensor(to_device(np.asarray(values, checks.real_dtype("dtype", dtype)), device(where)))

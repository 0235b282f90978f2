"""New tensors: constants, ranges and random numbers. float32 unless a dtype is given."""

from typing import Any

import numpy as np

from minibig.autograd import Tensor
from minibig.backend import Device, InputError, Shape, device, stream, to_device

def full(
    shape: Shape, value: float, dtype: Any = "float32", device: "str | Device | None" = None
) -> Tensor:
    """A tensor of one value everywhere.

    >>> full((2,), 7.0)
    tensor([7., 7.])
    """
    try:
        values = np.full(shape, value, dtype)
    except (TypeError, ValueError) as error:
        given = f"{shape}, {value!r}, {dtype!r} ({error})"
        raise InputError(f"full needs lengths from 0 on, a number, a dtype; got {given}.") from None
    return _placed(values, device)

def zeros(shape: Shape, dtype: Any = "float32", device: "str | Device | None" = None) -> Tensor:
    """A tensor of zeros."""
    return full(shape, 0, dtype, device)

def ones(shape: Shape, dtype: Any = "float32", device: "str | Device | None" = None) -> Tensor:
    """A tensor of ones."""
    return full(shape, 1, dtype, device)

def arange(*bounds: float, dtype: Any = None, device: "str | Device | None" = None) -> Tensor:
    """The numbers from start (0) up to, but without, stop, in steps of step (1).

    >>> arange(1, 7, 2)
    tensor([1, 3, 5])
    """
    values = np.arange(*bounds, dtype=dtype)
    narrow = dtype is None and values.dtype == np.float64
    return _placed(values, device, "float32" if narrow else dtype)

def normal(
    shape: Shape, mean: float = 0.0, std: float = 1.0, *, name: str = "normal",
    dtype: Any = "float32", device: "str | Device | None" = None,
) -> Tensor:
    """Normally distributed random numbers, from the random stream `name`."""
    return _placed(mean + std * stream(name).standard_normal(shape), device, dtype)

def uniform(
    shape: Shape, low: float = 0.0, high: float = 1.0, *, name: str = "uniform",
    dtype: Any = "float32", device: "str | Device | None" = None,
) -> Tensor:
    """Random numbers spread evenly over [low, high), from the random stream `name`."""
    return _placed(stream(name).uniform(low, high, shape), device, dtype)

def _placed(values: Any, where: "str | Device | None", dtype: Any = None) -> Tensor:
    return Tensor(to_device(np.asarray(values, dtype), device(where)))

"""CuPy itself, for the tests that a GPU runs (`-m gpu`)."""

import contextlib
import functools
from collections.abc import Iterator
from importlib.util import find_spec
from types import ModuleType
from typing import Any

import pytest


@functools.cache
def gpu_is_there() -> bool:
    """Whether CuPy is installed and finds a GPU."""
    if find_spec("cupy") is None:
        return False
    import cupy

    return bool(cupy.cuda.is_available())


def on_a_gpu(parameter: Any) -> list[Any]:
    """The parameter of a test for a real GPU; none where there is no GPU, so nothing is skipped."""
    return [pytest.param(parameter, marks=pytest.mark.gpu)] if gpu_is_there() else []


@contextlib.contextmanager
def real_cupy() -> Iterator[ModuleType]:
    """CuPy on a GPU."""
    import cupy

    yield cupy

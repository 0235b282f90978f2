"""CuPy itself, for the tests that a GPU runs (`-m gpu`)."""

import contextlib
from collections.abc import Iterator
from types import ModuleType

import pytest


@contextlib.contextmanager
def real_cupy() -> Iterator[ModuleType]:
    """CuPy, where it is installed and finds a GPU; elsewhere the test is skipped."""
    cupy = pytest.importorskip("cupy", reason="CuPy is not installed")
    if not cupy.cuda.is_available():
        pytest.skip("CuPy finds no CUDA device")
    yield cupy

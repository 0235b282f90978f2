"""The module under test, as fixtures: what takes `cp` must hold for CuPy itself too."""

import pytest
from fake_cupy import fake_cupy
from real_cupy import on_a_gpu, real_cupy


@pytest.fixture(params=["fake", *on_a_gpu("real")])
def cp(request):
    """The module under test: the fake, and CuPy itself where it and a GPU are present."""
    with fake_cupy() if request.param == "fake" else real_cupy() as module:
        yield module


@pytest.fixture
def fake():
    with fake_cupy() as module:
        yield module


@pytest.fixture
def two_devices():
    with fake_cupy(devices=2) as module:
        yield module

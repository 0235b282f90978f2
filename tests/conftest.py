"""Settings of every test: Hypothesis profiles, a fixed seed, and the devices there are."""

import contextlib
import os
import signal
from collections import Counter

import pytest
from fake_cupy import fake_cupy
from hypothesis import HealthCheck, settings
from real_cupy import on_a_gpu, real_cupy

import minibig as mb

# A shell's background job ignores Ctrl-C, and so would every process that a test starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

_quiet = [HealthCheck.too_slow, HealthCheck.filter_too_much]
_settled = settings(deadline=None, suppress_health_check=_quiet, print_blob=True)
# "dev" and "ci" draw the same examples every time; "explore" draws new ones
settings.register_profile("dev", _settled, max_examples=20, derandomize=True)
settings.register_profile("ci", _settled, max_examples=50, derandomize=True)
settings.register_profile("explore", _settled, max_examples=200)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


def pytest_addoption(parser):
    parser.addoption(
        "--long",
        action="store_true",
        help="do everything marked `long` hundreds of times, as .ci/long does",
    )


def pytest_collection_modifyitems(items):
    """Files with slow tests come first: one that began last would be waited for, by all but one."""
    tests = Counter(item.path for item in items)
    slow = Counter(item.path for item in items if item.get_closest_marker("slow"))
    items.sort(key=lambda item: (-slow[item.path], -tests[item.path], item.path))


@pytest.fixture
def amount(request):
    """How much is done: the first number, or with --long the second."""
    return lambda short, long: long if request.config.getoption("--long") else short


@pytest.fixture(autouse=True)
def _seeded():
    mb.manual_seed(0)


@pytest.fixture(params=["cpu", "fake", *on_a_gpu("gpu")])
def device(request):
    """The name of a device: the CPU, the fake GPU that stands in for a real one, and a real one."""
    places = {"cpu": contextlib.nullcontext, "fake": fake_cupy, "gpu": real_cupy}
    with places[request.param]():
        yield "cpu" if request.param == "cpu" else "cuda"

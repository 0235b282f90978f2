"""erf and normal_cdf by table and by definition: both to a few units, on every kind of array."""

import contextlib
import math

import numpy as np
import pytest

import minibig as mb
from minibig import ops

from .comparison import expect_same, random_tensor

EXACT = {"erf": math.erf, "normal_cdf": lambda x: math.erfc(-x / math.sqrt(2)) / 2}
WAYS = {"table": contextlib.nullcontext, "definition": mb.reference}
each_function = pytest.mark.parametrize("name", EXACT)
each_way = pytest.mark.parametrize("way", WAYS)


def units(name, x, allowed):
    """Raise unless every value is right to `allowed` units in the last place of its dtype."""
    y = getattr(ops, name)(mb.tensor(x)).numpy()
    exact = np.array([EXACT[name](each) for each in x.tolist()])
    assert y.dtype == x.dtype and y.shape == x.shape
    assert (abs(y.astype(float) - exact) <= allowed * np.spacing(abs(exact.astype(x.dtype)))).all()


@each_function
@each_way
def test_float32_and_float16_are_right_to_a_few_units(name, way):
    halves = np.arange(65536, dtype=np.uint16).view(np.float16)
    halves = halves[np.isfinite(halves) & (halves > -12)]  # below, Φ(x) is subnormal
    with WAYS[way]():
        units(name, halves, 1)
        units(name, halves.astype(np.float32), 8)
        units(name, np.linspace(-12, 12, 9999, dtype=np.float32), 8)


@each_way
def test_float64_has_all_its_digits(way):
    x = np.linspace(-37, 10, 4700)
    with WAYS[way]():
        units("erf", x, 8)
        # in the tail one unit of x/√2 or −x²/2 is x² units of Φ(x), here and in the exact value
        units("normal_cdf", x, 8 + np.where(x < 0, 2 * x * x, 0))


@each_function
def test_kinds_of_arrays(name, device):
    f = getattr(ops, name)
    for dtype in ("float16", "float32", "float64", "int64", "uint8", "bool"):
        rows = mb.tensor(np.arange(24).reshape(4, 6) % 2, dtype=dtype, device=device)
        for x in (rows, rows[::-1, ::2], rows.T, rows[0, 1], rows[:, :0]):
            fast = f(x)
            with mb.reference():
                definition = f(x)
            assert fast.dtype == definition.dtype == (dtype if x.dtype.kind == "f" else "float32")
            assert fast.shape == definition.shape == x.shape
            assert fast.device == definition.device == x.device
            np.testing.assert_allclose(fast.numpy(), definition.numpy(), rtol=1e-6)


@each_function
@each_way
def test_the_ends_of_the_line(name, way):
    with WAYS[way]():
        y = getattr(ops, name)(mb.tensor([-math.inf, -1e4, 1e4, math.inf, math.nan]))
    assert y.tolist()[:4] == [{"erf": -1, "normal_cdf": 0}[name]] * 2 + [1, 1]
    assert math.isnan(y.tolist()[4])


@each_function
def test_the_gradients_agree(name):
    expect_same(getattr(ops, name), random_tensor(np.random.default_rng(5), 30), tolerance=1e-12)


def test_where_kernels_are_off_the_definition_is_what_runs():
    x = mb.tensor(np.linspace(-3, 3, 1000), dtype="float64")
    with mb.reference():
        assert mb.erf(x).tolist() == [math.erf(each) for each in x.tolist()]

"""Sums keep their digits along every axis, in every layout of memory, on every device."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from minibig.backend import total

LAYOUTS = {
    "rows": lambda x: x,
    "columns": np.asfortranarray,
    "backwards": lambda x: np.ascontiguousarray(x[::-1, ::-1])[::-1, ::-1],
    "every second": lambda x: np.repeat(x, 2, axis=0)[::2],
    "stride 0": lambda x: np.broadcast_to(x[:1, :1], x.shape),
}


@given(
    shape=hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=40),
    data=st.data(),
    seed=st.integers(0, 100),
)
def test_a_total_is_the_sum(shape, data, seed):
    axes = st.lists(st.integers(-len(shape), len(shape) - 1), min_size=1, max_size=3)
    unique = axes.map(lambda axes: tuple({a % len(shape): a for a in axes}.values()))
    axis = data.draw(st.one_of(st.none(), st.integers(-len(shape), len(shape) - 1), unique))
    keepdims = data.draw(st.booleans())
    x = np.random.default_rng(seed).integers(-9, 9, shape)
    expected = x.sum(axis=axis, keepdims=keepdims)
    for dtype in ("float64", "float32", "int8", "bool"):
        for y in (x.astype(dtype), np.asfortranarray(x.astype(dtype))):
            result = total(y, axis, keepdims)
            exact = expected if dtype != "bool" else (x != 0).sum(axis=axis, keepdims=keepdims)
            np.testing.assert_array_equal(result, exact)
            assert result.dtype == y.sum(axis=axis).dtype and np.shape(result) == exact.shape


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("axis", [0, 1, None, (0, 1)])
def test_a_hundred_thousand_equal_numbers_keep_their_digits(layout, axis):
    x = LAYOUTS[layout](np.full((100_000, 3), 0.1, np.float32))
    exact = x.astype(np.float64).sum(axis=axis)
    np.testing.assert_allclose(total(x, axis), exact, rtol=4e-7)


def test_float16_is_summed_in_float32():
    x = np.ones((4096, 3), np.float16)
    assert total(x, 0).tolist() == [4096] * 3
    assert total(x, 0).dtype == np.float16
    assert total(x / np.float16(3), 0)[0] == np.float16(4096 * float(np.float16(1 / 3)))


def test_few_rows_are_added_one_after_the_other_as_before():
    x = np.random.default_rng(0).standard_normal((16, 40)).astype(np.float32)
    assert total(x, 0).tobytes() == x.sum(axis=0).tobytes()
    assert total(x, 1).tobytes() == x.sum(axis=1).tobytes()


@pytest.mark.parametrize("axis", [0, -1, (), None])
def test_a_number_has_the_axes_that_numpy_grants_it(axis):
    assert total(np.float32(2.5).reshape(()), axis) == 2.5


@pytest.mark.parametrize("axis", [1, -2, (0,), (0, 1)])
def test_a_number_has_no_other_axes(axis):
    with pytest.raises(np.exceptions.AxisError):
        total(np.float32(2.5).reshape(()), axis)

"""Questions about elements: NumPy's answers, special values included."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minibig as mb

SPECIAL = [0.0, -0.0, 1.0, 1.000001, 1.1, np.inf, -np.inf, np.nan, 1e-9]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("equal_nan", [False, True])
def test_what_is_close_is_what_numpy_calls_close(equal_nan):
    a, b = (x.ravel() for x in np.meshgrid(SPECIAL, SPECIAL))
    expected = np.isclose(a, b, equal_nan=equal_nan)
    actual = mb.isclose(mb.tensor(a), mb.tensor(b), equal_nan=equal_nan)
    np.testing.assert_array_equal(actual.numpy(), expected)


@given(st.lists(st.sampled_from(SPECIAL), min_size=1, max_size=4), st.sampled_from([1e-5, 0.2]))
def test_allclose_is_a_bool_that_takes_tolerances_by_position(values, rtol):
    a, b = np.array(values), np.array(values) * 1.1
    result = mb.allclose(mb.tensor(a), mb.tensor(b), rtol)
    assert type(result) is bool
    assert result == np.allclose(a, b, rtol)
    assert mb.allclose(mb.tensor(a), a, equal_nan=True)


def test_answers_are_constants_of_any_kind_of_element(device):
    x = mb.tensor([[0, 2], [3, 4]], device=device)
    assert (x.all().item(), x.any().item()) == (False, True)
    assert x.all(axis=1).tolist() == [False, True]
    assert (x > 5).any(0, True).tolist() == [[False, False]]
    y = mb.tensor([1.0, np.nan, np.inf], requires_grad=True)
    assert not mb.isnan(y).requires_grad
    assert (y.isnan().tolist(), y.isinf().tolist()) == ([False, True, False], [False, False, True])


@pytest.mark.parametrize("dtype", ["uint8", "int64", "bool"])
def test_differences_of_whole_numbers_do_not_wrap_around(dtype):
    a, b = np.array([1, 0, 3], dtype), np.array([2, 0, 1], dtype)
    np.testing.assert_array_equal(mb.isclose(mb.tensor(a), mb.tensor(b)).numpy(), np.isclose(a, b))
    np.testing.assert_array_equal(mb.isclose(mb.tensor(a), 1).numpy(), np.isclose(a, 1))
    assert mb.allclose(mb.tensor(a), mb.tensor(b), atol=2.0)
    assert not mb.allclose(mb.tensor([2**53], "int64"), mb.tensor([2**52], "int64"))

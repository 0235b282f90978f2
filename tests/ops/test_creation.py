"""New tensors: shapes as NumPy and as PyTorch give them, dtypes, devices, random numbers."""

import inspect

import numpy as np
import pytest

import minibig as mb

MAKERS = [mb.zeros, mb.ones, mb.normal, mb.uniform]
each_maker = pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)


@each_maker
def test_lengths_may_stand_one_by_one_or_in_a_sequence(make):
    for shape in ((), (0,), (4,), (2, 3), (1, 2, 3)):
        lengths = [np.int64(n) for n in shape]
        for result in (make(shape), make(list(shape)), make(*shape), make(*lengths)):
            assert (result.shape, result.dtype) == (shape, np.float32)


def test_two_lengths_of_random_numbers_are_no_mean_and_no_bound():
    assert abs(mb.normal(100, 30).numpy().mean()) < 0.1
    assert mb.uniform(2, 3).numpy().min() >= 0 and mb.uniform(20, 30).numpy().max() < 1


def test_what_follows_a_shape_by_position_is_what_numpy_takes_there():
    assert mb.zeros((2, 3), "int64").dtype == mb.zeros(2, mb.int64).dtype == np.int64
    assert mb.ones((2,), mb.float64, "cpu").dtype == np.float64
    assert abs(mb.normal((1000,), 5.0, 0.1).numpy().mean() - 5) < 0.1
    low, high = mb.uniform((1000,), -3, -2).numpy().min(), mb.uniform((9,), high=-1, low=-2).numpy()
    assert low >= -3 and (high < -1).all()


@pytest.mark.parametrize("std", [0, 0.0])
def test_a_deviation_of_zero_is_the_mean(std):
    assert mb.normal((3,), 2.0, std).tolist() == [2, 2, 2]
    assert mb.normal(3, mean=2.0, std=std).tolist() == [2, 2, 2]


def test_values_are_those_of_numpy():
    assert mb.eye(3).tolist() == np.eye(3).tolist()
    assert mb.eye(2, 4, 1).tolist() == np.eye(2, 4, 1).tolist()
    assert mb.eye(2, dtype="int64").dtype == np.int64
    np.testing.assert_array_equal(mb.linspace(-1, 2, 7), np.linspace(-1, 2, 7, dtype="float32"))
    assert mb.linspace(0, 1).shape == (50,) and mb.linspace(0, 1, 0).shape == (0,)
    assert mb.full(2, 7).tolist() == mb.full((2,), 7.0).tolist() == mb.full([2], 7).tolist()


@pytest.mark.parametrize("dtype", ["float16", "float64", "int32", "bool"])
def test_tensors_like_another_have_its_shape_and_dtype(dtype):
    x = mb.ones((2, 3), dtype, "cpu")
    for result, value in ((mb.zeros_like(x), 0), (mb.ones_like(x), 1), (mb.full_like(x, 1), 1)):
        assert (result.shape, result.dtype) == (x.shape, x.dtype)
        assert result.tolist() == np.full((2, 3), value, dtype).tolist()
    assert mb.zeros_like(x, "int64").dtype == np.int64
    assert mb.zeros_like(x.numpy()).dtype == x.dtype


def test_tensors_like_another_live_on_its_device(device):
    x = mb.ones((2,), device=device)
    assert mb.zeros_like(x).device == x.device
    assert mb.full_like(x, 3.0, device="cpu").tolist() == [3, 3]


def test_the_error_names_the_function_that_was_called():
    for make in [*MAKERS, mb.full]:
        more = (1.0,) if make is mb.full else ()
        with pytest.raises(mb.InputError, match=f"in {make.__name__} must be"):
            make(-1, *more)
        assert inspect.getdoc(make)


@pytest.mark.parametrize("bounds", [(10**30,), (1e30,), (0, 2.0**62, 1e-9)])
def test_ranges_that_no_array_holds_are_refused(bounds):
    with pytest.raises(mb.InputError, match="arange must be given a step other than 0, and an end"):
        mb.arange(*bounds)


def test_a_list_of_masked_arrays_hides_elements_as_well():
    masked = np.ma.array([1.0, 2.0], mask=[False, True])
    with pytest.raises(mb.InputError, match="a masked array hides elements"):
        mb.tensor([masked, masked])

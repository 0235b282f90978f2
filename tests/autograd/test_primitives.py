"""Primitives on tensors, arrays and numbers, and mixtures of them."""

import numpy as np
import pytest

import minibig as mb

ARRAY = np.array([1.0, 2.0], np.float32)


def test_on_arrays_it_is_its_function():
    y = mb.exp(ARRAY)
    assert isinstance(y, np.ndarray)
    np.testing.assert_array_equal(y, np.exp(ARRAY))


@pytest.mark.parametrize(
    "other", [3, 3.0, True, np.float64(3), np.float32(3), np.int64(3), ARRAY, mb.Tensor(ARRAY)]
)
def test_float32_stays_float32_beside_numbers_and_arrays(other):
    x = mb.tensor(ARRAY, requires_grad=True)
    for y in (
        x + other,
        other + x,
        x * other,
        other - x,
        x / other,
        other / x,
        mb.maximum(x, other),
    ):
        assert isinstance(y, mb.Tensor)
        assert y.dtype == np.float32
        y.sum().backward()
        assert x.grad.dtype == np.float32


@pytest.mark.parametrize("exponent", [2, 2.0, np.float64(2), np.int64(2)])
def test_powers_of_numpy_scalars_keep_float32(exponent):
    x = mb.tensor(ARRAY, requires_grad=True)
    y = x**exponent
    y.sum().backward()
    assert (y.dtype, x.grad.dtype) == (np.float32, np.float32)
    assert x.grad.tolist() == [2, 4]


def test_an_array_beside_a_tensor_is_a_constant_and_gives_a_tensor():
    x = mb.tensor(ARRAY, requires_grad=True)
    for y in (ARRAY * x, x * ARRAY, np.float64(2.0) * x):
        assert isinstance(y, mb.Tensor)
        assert y.requires_grad


def test_float64_beside_float32_gives_float64_and_a_float32_gradient():
    x = mb.tensor(ARRAY, requires_grad=True)
    y = x * np.array([1.0, 2.0])
    assert y.dtype == np.float64
    y.sum().backward()
    assert x.grad.dtype == np.float32


@pytest.mark.parametrize("shape", [(), (1,), (0,), (2, 1, 0)])
def test_results_are_arrays_whatever_the_shape(shape):
    x = mb.zeros(shape)
    x.requires_grad = True
    for y in (x + 1.0, mb.exp(x), x.sum(), x * x, mb.relu(x), x.reshape(-1)):
        assert type(y.data) is np.ndarray
        y.sum().backward()
        assert type(x.grad.data) is np.ndarray


def test_gradient_checks_of_tensors_without_axes_work():
    for f in (mb.exp, mb.gelu, lambda x: x**2, lambda x: 0.5 * x, mb.softplus):
        mb.check_gradients(f, mb.tensor(0.7))


def test_a_kernel_does_not_take_arrays_that_are_no_tensors():
    np.testing.assert_allclose(mb.linear(ARRAY, np.ones((2, 1), np.float32)), [3.0])


def test_methods_and_operators_are_the_functions():
    x = mb.tensor([[1.0, -2.0], [3.0, 4.0]])
    np.testing.assert_array_equal(x.sum(0).numpy(), [4, 2])
    np.testing.assert_array_equal(x.T.numpy(), x.numpy().T)
    np.testing.assert_array_equal((~(x > 0)).numpy(), x.numpy() <= 0)
    np.testing.assert_array_equal(((x > 0) & (x < 4) | (x == 4)).numpy(), x.numpy() > 0)
    np.testing.assert_array_equal(abs(x).max(axis=1, keepdims=True).numpy(), [[2], [4]])
    np.testing.assert_array_equal((2 ** x.astype("int64")[0, :1]).numpy(), [2])
    np.testing.assert_array_equal(x.numpy() @ x, (x @ x).numpy())
    assert [row.tolist() for row in x] == x.tolist()
    assert hash(x) == hash(x)


def test_numpy_is_a_read_only_view():
    x = mb.tensor([1.0])
    assert np.shares_memory(x.numpy(), x.data)
    with pytest.raises(ValueError, match="read-only"):
        x.numpy()[0] = 2.0


def test_a_tensor_is_a_copy_of_what_it_is_made_of():
    values = np.array([1.0, 2.0])
    x = mb.tensor(values)
    values[0] = 7.0
    assert x.tolist() == [1.0, 2.0]
    assert x.dtype == np.float64
    assert mb.tensor([1.0]).dtype == np.float32
    assert mb.tensor(x, dtype="float32").dtype == np.float32
    assert mb.tensor(x) is not x


def test_a_rule_that_does_not_begin_with_g_is_refused():
    square = mb.primitive(lambda x, /: x * x)
    square.defvjp(x=lambda x: 2 * x)
    with pytest.raises(TypeError, match="rule of x must begin with g; got 'x'"):
        square(mb.tensor([1.0], requires_grad=True))
    square.defvjp(x=lambda: 2)
    with pytest.raises(TypeError, match="rule of x must begin with g; got ''"):
        square(mb.tensor([1.0], requires_grad=True))

"""The gradient check itself: it must find what is wrong, and only that."""

import numpy as np
import pytest

import minibig as mb

X = mb.tensor([0.3, -1.2, 2.0])


def with_rule(rule, function=lambda x, /: x * x * x):
    operation = mb.primitive(function)
    operation.defvjp(x=rule)
    return operation


def test_a_right_rule_passes():
    mb.check_gradients(with_rule(lambda g, x: g * 3.0 * x * x), X)


WRONG = {
    "factor": lambda g, x: g * 2.0 * x * x,
    "sign": lambda g, x: g * -3.0 * x * x,
    "missing term": lambda g, x: g * x * x,
    "upstream forgotten": lambda g, x: g * 0.0 + 3.0 * x * x,
    "upstream divided": lambda g, x: 3.0 * x * x / (g + 3.0),
    "a factor of 1.001": lambda g, x: g * 3.003 * x * x,
    "permuted": lambda g, x: (g * 3.0 * x * x)[::-1],
}


@pytest.mark.parametrize("mistake", WRONG)
@pytest.mark.parametrize("order", [1, 2])
def test_a_wrong_rule_is_found(mistake, order):
    with pytest.raises(AssertionError, match="order 1: the rules give"):
        mb.check_gradients(with_rule(WRONG[mistake]), X, order=order)


def test_a_rule_that_is_wrong_in_second_order_only_is_found():
    frozen = lambda g, x: (
        g * (3.0 * mb.tensor(np.array(x.numpy())) ** 2 if is_tensor(x) else 3 * x * x)
    )
    is_tensor = lambda x: isinstance(x, mb.Tensor)
    mb.check_gradients(with_rule(frozen), X, order=1)
    with pytest.raises(AssertionError, match="order 2: the rules give"):
        mb.check_gradients(with_rule(frozen), X, order=2)


@pytest.mark.parametrize("offset", [1e4, 1e7])
def test_a_wrong_rule_is_found_beside_large_values(offset):
    wrong = with_rule(WRONG["factor"])
    with pytest.raises(AssertionError, match="order 1"):
        mb.check_gradients(lambda x: wrong(x) + offset, X, order=1)


@pytest.mark.parametrize("factor", [1e-4, 1e-7, 1e-11, 1e-20])
def test_a_wrong_rule_is_found_where_values_are_small(factor):
    wrong = with_rule(WRONG["factor"])
    with pytest.raises(AssertionError, match="order 1"):
        mb.check_gradients(lambda x: wrong(x) * factor, X, order=1)


def test_a_right_rule_passes_where_terms_of_size_1_cancel_down_to_rounding():
    for seed in range(20):
        near_one = 1e-10 * np.random.default_rng(seed).standard_normal(5)
        cancelling = lambda x: (x + 1.0) * (x + 1.0) - x * x - 2.0 * x - 1.0
        mb.check_gradients(cancelling, mb.tensor(near_one), seed=seed)
        mb.check_gradients(lambda x: mb.softmax(1e-9 * x) - 0.2, mb.tensor(near_one), seed=seed)


def test_one_wrong_input_among_several_is_found():
    product = mb.primitive(lambda a, b, /: a * b)
    product.defvjp(a=lambda g, b: g * b, b=lambda g, a: g * (a + 0.1))
    with pytest.raises(AssertionError, match="order 1"):
        mb.check_gradients(product, X, X[::-1])


def test_nan_is_found():
    with pytest.raises(AssertionError, match="nan"):
        mb.check_gradients(with_rule(lambda g, x: g * np.nan), X)


def test_scalars_and_several_outputs_and_integers_are_taken():
    mb.check_gradients(lambda x: mb.tanh(x) * 2.0, mb.tensor(0.7))
    mb.check_gradients(lambda x, i: (x[i], mb.exp(x)), X, mb.tensor([0, 0, 2]))
    mb.check_gradients(lambda i: i * 2, mb.tensor([1, 2]), order=1)


def test_inputs_stay_as_they_are():
    x = mb.tensor([1.0, 2.0], requires_grad=True)
    mb.check_gradients(mb.exp, x)
    assert (x.tolist(), x.dtype, x.grad) == ([1.0, 2.0], np.float32, None)


def test_it_runs_on_every_device(device):
    mb.check_gradients(mb.softmax, mb.tensor([0.1, 0.5, -1.0], device=device))


def test_a_derivative_that_is_zero_but_for_rounding_passes():
    mb.check_gradients(lambda x: mb.cross_entropy(x, mb.tensor([0, 0])), mb.tensor([[0.3], [2.0]]))

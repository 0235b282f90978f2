import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import minibig as mb

from .comparison import expect_same, random_tensor

numbers = np.random.default_rng(4)


@given(ids=st.lists(st.integers(0, 6), max_size=30))
def test_a_token_that_comes_often_gathers_all_its_gradients(ids):
    ids = mb.tensor(np.array(ids, dtype=np.int64))
    expect_same(lambda weight: mb.embedding(weight, ids), random_tensor(numbers, 7, 3))


def test_ids_may_have_several_axes_and_any_integer_type():
    ids = mb.tensor(numbers.integers(0, 7, (2, 3, 4)).astype("uint8"))
    expect_same(lambda weight: mb.embedding(weight, ids), random_tensor(numbers, 7, 3))


def test_vectors_may_have_no_numbers():
    expect_same(
        lambda weight: mb.embedding(weight, mb.tensor([1, 1])), random_tensor(numbers, 7, 0)
    )


@given(counts=st.lists(st.integers(1, 300), min_size=1, max_size=8))
def test_the_gradients_of_tokens_that_come_any_number_of_times_are_added_up(counts):
    numbers = np.random.default_rng(sum(counts))
    ids = numbers.permutation(np.repeat(np.arange(len(counts)), counts))
    g = numbers.integers(-9, 9, (len(ids), 2)).astype(np.float32)
    weight = random_tensor(numbers, len(counts) + 1, 2, dtype="float32")
    mb.embedding(weight, ids).backward(mb.tensor(g))
    expected = np.zeros(weight.shape)
    np.add.at(expected, ids, g)
    np.testing.assert_array_equal(weight.grad.numpy(), expected)


def test_the_gradient_of_a_token_that_comes_all_the_time_keeps_its_digits():
    weight = mb.zeros((3, 2))
    weight.requires_grad = True
    ids = mb.tensor(np.repeat([1, 2], [100_000, 5]))
    mb.embedding(weight, ids).backward(mb.full((100_005, 2), 0.1))
    exact = float(np.float32(0.1)) * np.array([[0, 0], [100_000] * 2, [5, 5]])
    np.testing.assert_allclose(weight.grad.numpy(), exact, rtol=1e-6)

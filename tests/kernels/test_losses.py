import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minibig as mb

from .comparison import expect_close, expect_same, random_tensor

numbers = np.random.default_rng(2)


@given(
    N=st.integers(1, 60),
    V=st.integers(1, 3000),
    smoothing=st.sampled_from([0.0, 0.1]),
    ignored=st.integers(0, 3),
)
def test_cross_entropy_is_its_formula(N, V, smoothing, ignored):
    targets = numbers.integers(0, V, N)
    targets[1 : 1 + ignored] = -100
    targets = mb.tensor(targets)
    expect_same(
        lambda x: mb.cross_entropy(x, targets, label_smoothing=smoothing),
        random_tensor(numbers, N, V),
        tolerance=1e-11,
    )


def test_cross_entropy_over_several_blocks_of_rows_is_its_formula():
    targets = numbers.integers(0, 400, 700)  # a block has 327 rows
    targets[::5] = -100
    targets = mb.tensor(targets)
    for smoothing in (0.0, 0.1):
        expect_same(
            lambda x, s=smoothing: mb.cross_entropy(x, targets, label_smoothing=s),
            random_tensor(numbers, 700, 400),
            tolerance=1e-11,
        )


def test_a_loss_that_is_scaled_or_kept_gives_the_right_gradient_each_time():
    x, targets = random_tensor(numbers, 4, 5), mb.tensor([0, 1, 2, 3])
    expect_same(lambda x: 3.0 * mb.cross_entropy(x, targets), x)
    loss = mb.cross_entropy(x, targets)
    x.grad = None
    loss.backward(retain_graph=True)
    first = x.grad.numpy().copy()
    loss.backward(mb.tensor(2.0, dtype="float64"))
    np.testing.assert_allclose(x.grad.numpy(), 3 * first, rtol=1e-14)


def test_all_targets_ignored_is_nan():
    assert np.isnan(mb.cross_entropy(mb.zeros((2, 3)), mb.tensor([-100, -100])).item())


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_a_class_that_is_ruled_out_has_no_part_in_the_loss_of_another(smoothing):
    hidden = np.array([[0.0, -np.inf, 1.0], [-np.inf, 2.0, -np.inf]], np.float32)
    x, targets = mb.tensor(hidden, requires_grad=True), mb.tensor([2, 1])
    expect_close(lambda x: mb.cross_entropy(x, targets, label_smoothing=smoothing), x)

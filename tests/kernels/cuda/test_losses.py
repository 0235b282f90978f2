import numpy as np
import pytest

import minibig as mb

from .comparison import expect_formula, launches

numbers = np.random.default_rng(2)
KERNELS = {"cross_entropy_forward", "cross_entropy_backward"}


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("V", [1, 31, 257, 600])
def test_cross_entropy_is_its_formula(cp, dtype, smoothing, V):
    logits, targets = 5 * numbers.standard_normal((2, 5, V)), numbers.integers(0, V, (2, 5))
    targets[0, 1:3] = -100

    def f(x, targets):
        return 3.0 * mb.cross_entropy(x, targets, label_smoothing=smoothing)

    assert expect_formula(f, logits, targets, dtype=dtype) == KERNELS


def test_targets_may_be_small_integers_and_logits_minus_infinity(cp):
    logits = numbers.standard_normal((4, 40))
    logits[:, 7] = -np.inf
    assert expect_formula(mb.cross_entropy, logits, np.arange(4, dtype="uint8")) == KERNELS


def test_a_row_of_nan_gives_nan(cp):
    logits = np.zeros((2, 40))
    logits[1, 30] = np.nan
    logits, targets = mb.tensor(logits, device="cuda"), mb.tensor([0, 1], device="cuda")
    assert np.isnan(mb.cross_entropy(logits, targets).item())


def test_targets_in_other_memory_are_left_to_the_formula(cp):
    with launches() as names, pytest.raises(TypeError):
        mb.cross_entropy(mb.tensor(np.zeros((2, 3)), device="cuda"), mb.tensor([0, 1]))
    assert names == set()


def test_all_targets_ignored_is_nan_without_a_gradient(cp):
    x = mb.tensor(np.zeros((2, 3)), device="cuda", requires_grad=True)
    loss = mb.cross_entropy(x, mb.tensor([-100, -100], device="cuda"))
    assert np.isnan(loss.item())
    loss.backward()
    assert x.grad.tolist() == [[0.0] * 3] * 2


def test_a_kept_graph_gives_the_gradient_again(cp):
    x = mb.tensor(numbers.standard_normal((4, 5)), device="cuda", requires_grad=True)
    loss = mb.cross_entropy(x, mb.tensor([0, 1, 2, 3], device="cuda"))
    loss.backward(retain_graph=True)
    first = x.grad.numpy().copy()
    loss.backward()
    np.testing.assert_array_equal(x.grad.numpy(), 2 * first)

"""Clipping: one norm over all gradients, one factor, and bad numbers left for all to see."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minibig as mb
from minibig.nn import Linear, Parameter
from minibig.optim import clip_gradients

gradient_lists = st.lists(
    st.lists(st.floats(-1e3, 1e3, width=32), min_size=1, max_size=7), min_size=1, max_size=4
)


def with_gradients(*gradients, dtype="float32"):
    parameters = []
    for values in gradients:
        p = Parameter(np.zeros(np.shape(values), dtype))
        p.grad = mb.tensor(np.asarray(values, dtype))
        parameters.append(p)
    return parameters


@given(gradient_lists, st.floats(1e-3, 1e4))
def test_the_norm_is_that_of_all_gradients_in_a_row(gradients, max_norm):
    parameters = with_gradients(*gradients)
    everything = [float(p.grad.data[i]) for p in parameters for i in range(p.size)]
    norm = clip_gradients(parameters, max_norm)
    assert norm == pytest.approx(math.sqrt(math.fsum(g * g for g in everything)), rel=1e-12)
    factor = min(1.0, max_norm / norm) if norm else 1.0
    after = [float(p.grad.data[i]) for p in parameters for i in range(p.size)]
    np.testing.assert_allclose(after, [g * factor for g in everything], rtol=1e-6, atol=1e-30)


def test_gradients_within_the_norm_keep_every_bit():
    parameters = with_gradients([0.3, -0.4], [[0.1]])
    before = [p.grad.numpy().tobytes() for p in parameters]
    clip_gradients(parameters, 1.0)
    assert [p.grad.numpy().tobytes() for p in parameters] == before


def test_after_clipping_the_norm_is_max_norm():
    parameters = with_gradients(np.full(1000, 3.0), np.full((10, 10), -2.0))
    clip_gradients(parameters, 1.0)
    assert clip_gradients(parameters, math.inf) == pytest.approx(1.0, rel=1e-6)


def test_squares_that_float32_cannot_hold_are_no_problem():
    parameters = with_gradients([3e30, 4e30], [1e-30])
    assert clip_gradients(parameters, 1.0) == pytest.approx(5e30)
    assert parameters[0].grad.tolist() == pytest.approx([0.6, 0.8])


def test_small_gradients_beside_large_ones_are_not_lost_in_the_sum():
    parameters = with_gradients([1e4], np.full(1_000_000, 1.0))
    assert clip_gradients(parameters, math.inf) == pytest.approx(math.sqrt(1e8 + 1e6), rel=1e-12)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_norm_that_is_not_finite_leaves_the_gradients_alone(bad):
    parameters = with_gradients([1.0, bad], [5.0])
    norm = clip_gradients(parameters, 1.0)
    assert math.isnan(norm) if math.isnan(bad) else norm == math.inf
    np.testing.assert_array_equal(parameters[0].grad.numpy(), np.float32([1.0, bad]))
    assert parameters[1].grad.item() == 5.0


def test_a_float64_norm_beyond_all_numbers_is_infinite():
    parameters = with_gradients([1e200, 1e200], dtype="float64")
    assert clip_gradients(parameters, 1.0) == math.inf
    assert parameters[0].grad.tolist() == [1e200, 1e200]


def test_parameters_without_gradient_count_nothing():
    parameters = [*with_gradients([3.0, 4.0]), Parameter([1.0])]
    assert clip_gradients(iter(parameters), 10.0) == 5.0
    assert clip_gradients([Parameter([1.0])], 1.0) == 0.0


def test_a_parameter_given_twice_counts_once():
    (p,) = with_gradients([3.0, 4.0])
    assert clip_gradients([p, p], 1.0) == 5.0
    assert p.grad.tolist() == pytest.approx([0.6, 0.8])


@pytest.mark.oracle
def test_clipping_equals_pytorchs():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    gradients = [np.random.default_rng(i).standard_normal((5, i + 1)) for i in range(4)]
    ours = with_gradients(*gradients, dtype="float64")
    theirs = [torch.nn.Parameter(torch.zeros(g.shape, dtype=torch.float64)) for g in gradients]
    for p, g in zip(theirs, gradients, strict=True):
        p.grad = torch.from_numpy(g.copy())
    assert clip_gradients(ours, 0.5) == pytest.approx(
        torch.nn.utils.clip_grad_norm_(theirs, 0.5).item()
    )
    for a, b in zip(ours, theirs, strict=True):  # PyTorch adds 1e-6 to the norm
        np.testing.assert_allclose(a.grad.numpy(), b.grad.numpy(), rtol=1e-6)


@pytest.mark.parametrize(
    ("parameters", "max_norm", "error", "words"),
    [
        ([], 0.0, mb.InputError, "max_norm must be a number above 0; got 0.0"),
        ([], -1, mb.InputError, "got -1"),
        ([], math.nan, mb.InputError, "got nan"),
        ([], "1", mb.InputError, "max_norm must be a number above 0; got '1'"),
        (Parameter([1.0]), 1.0, mb.InputError, "must be a list; got Parameter"),
        (Linear(2, 2), 1.0, mb.InputError, "got Linear"),
        ([np.ones(2)], 1.0, mb.InputError, "expected parameters; got ndarray"),
    ],
)
def test_wrong_uses_are_refused_with_a_sentence(parameters, max_norm, error, words):
    with pytest.raises(error, match=words):
        clip_gradients(parameters, max_norm)

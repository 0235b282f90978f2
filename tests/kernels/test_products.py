import numpy as np
import pytest
from cuda_on_cpu import cuda_on_cpu
from hypothesis import given
from hypothesis import strategies as st

import minibig as mb

from .comparison import expect_close, expect_same, random_tensor

numbers = np.random.default_rng(0)
sizes = st.integers(1, 9)


@given(rows=st.integers(1, 700), D=sizes, F=sizes, bias=st.booleans())
def test_linear_is_its_formula_for_any_number_of_rows(rows, D, F, bias):
    x, w = random_tensor(numbers, rows, D), random_tensor(numbers, D, F)
    b = random_tensor(numbers, F) if bias else None
    expect_same(mb.linear, x, w, b)
    expect_close(mb.linear, x, w, b)


def test_linear_takes_a_transposed_weight_and_gives_its_gradient_in_its_layout():
    x, table = random_tensor(numbers, 2, 5, 6), random_tensor(numbers, 11, 6)
    expect_same(lambda x, table: mb.linear(x, table.T), x, table)
    assert table.grad.data.flags.c_contiguous


@given(rows=st.integers(1, 300), D=sizes, F=sizes)
@pytest.mark.parametrize("activation", [mb.relu, mb.gelu_tanh, mb.gelu, mb.silu])
def test_feed_forward_is_its_formula_for_any_number_of_rows(activation, rows, D, F):
    x = random_tensor(numbers, rows, D)
    w1, b1 = random_tensor(numbers, D, F), random_tensor(numbers, F)
    w2, b2 = random_tensor(numbers, F, D), random_tensor(numbers, D)

    def f(*inputs):
        return mb.feed_forward(*inputs, activation=activation)

    expect_same(f, x, w1, b1, w2, b2)
    expect_close(f, x, w1, b1, w2, b2)


def test_large_inputs_of_gelu_overflow_nowhere():
    x = mb.tensor([[-1e4], [-30.0], [30.0], [1e4]], requires_grad=True)
    one, zero = mb.ones((1, 1)), mb.zeros((1,))
    y = mb.feed_forward(x, one, zero, one, zero, activation=mb.gelu_tanh)
    y.sum().backward()
    assert y.tolist() == [[0.0], [0.0], [30.0], [1e4]]
    assert x.grad.tolist() == [[0.0], [0.0], [1.0], [1.0]]


def test_frozen_weights_cost_no_gradient():
    x, w = random_tensor(numbers, 4, 3), random_tensor(numbers, 3, 2).detach()
    mb.linear(x, w).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), np.broadcast_to(w.numpy().sum(axis=1), (4, 3)))


@pytest.mark.parametrize("activation", [mb.relu, mb.gelu_tanh, mb.gelu, mb.silu])
@pytest.mark.parametrize("biases", [(True, False), (False, True), (False, False)])
def test_feed_forward_needs_no_biases(activation, biases):
    x, w1, w2 = (random_tensor(numbers, *shape) for shape in ((70, 3), (3, 5), (5, 4)))
    b1 = random_tensor(numbers, 5) if biases[0] else None
    b2 = random_tensor(numbers, 4) if biases[1] else None

    def f(*inputs):
        return mb.feed_forward(*inputs, activation=activation)

    expect_same(f, x, w1, b1, w2, b2)
    with cuda_on_cpu():
        on_cuda = [None if a is None else a.to("cuda") for a in (x, w1, b1, w2, b2)]
        np.testing.assert_allclose(f(*on_cuda).numpy(), f(x, w1, b1, w2, b2).numpy(), rtol=1e-9)

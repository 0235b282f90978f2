import numpy as np
import pytest
from cuda_on_cpu import cuda_on_cpu
from hypothesis import given
from hypothesis import strategies as st

import minibig as mb
from minibig.kernels import parallel
from minibig.kernels.products import few_rows_product, multiply_columns

from .comparison import KINDS, expect_close, expect_same, random_tensor, with_loops

numbers = np.random.default_rng(0)
sizes = st.integers(1, 9)


@given(rows=st.integers(1, 700), D=sizes, F=sizes, bias=st.booleans())
def test_linear_is_its_formula_for_any_number_of_rows(rows, D, F, bias):
    x, w = random_tensor(numbers, rows, D), random_tensor(numbers, D, F)
    b = random_tensor(numbers, F) if bias else None
    expect_same(mb.linear, x, w, b)
    expect_close(mb.linear, x, w, b, sums=True)


def test_a_product_that_cancels_is_measured_by_what_is_added():
    x, w, b = mb.tensor([[3.0000001]]), mb.tensor([[1 / 3]]), mb.tensor([-1.0])
    expect_close(mb.linear, x, w, b, backward=False, sums=True)


@given(rows=st.integers(1, 16), D=st.integers(1, 700), F=st.integers(1, 700), tied=st.booleans())
def test_a_product_of_few_rows_is_the_product_for_any_layout_of_the_weight(rows, D, F, tied):
    x, w = random_tensor(numbers, rows, D), random_tensor(numbers, *((F, D) if tied else (D, F)))

    expect_same(lambda x, w: mb.linear(x, w.T if tied else w), x, w)
    x, w = (np.float32(a.numpy()) for a in (x, w))
    w = w.T if tied else w
    sizes = np.abs(x).astype("float64") @ np.abs(w)  # of what is added up
    for kind in KINDS:
        with with_loops(kind):
            y = few_rows_product(x, w)
        assert y.dtype == np.float32 and y.shape == (rows, F)
        assert (np.abs(y - x.astype("float64") @ w) <= 1e-6 * sizes).all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rows", [1, 3, 16])
def test_the_bits_of_a_product_of_few_rows_depend_on_no_thread(kind, rows, monkeypatch):
    x, w = (np.float32(numbers.standard_normal(shape)) for shape in ((rows, 401), (401, 1009)))
    with with_loops(kind):
        found = [few_rows_product(x, each) for each in (w, np.asfortranarray(w))]
        monkeypatch.setattr(parallel, "threads", lambda: 1)
        alone = [few_rows_product(x, each) for each in (w, np.asfortranarray(w))]
    assert all(np.array_equal(a, b) for a, b in zip(found, alone, strict=True))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
def test_what_is_not_finite_stays_so_in_a_product_of_few_rows(kind, bad):
    x, w = np.ones((2, 9), "float32"), np.ones((9, 5), "float32")
    w[7, 3] = bad
    with with_loops(kind), np.errstate(invalid="ignore"):
        for each in (w, np.asfortranarray(w)):
            y = few_rows_product(x, each)
            np.testing.assert_array_equal(y[:, 3], np.full(2, bad, "float32"))
            assert (np.delete(y, 3, axis=1) == 9).all()


def test_few_rows_times_every_other_number_of_a_weight():
    x, w = random_tensor(numbers, 2, 4), random_tensor(numbers, 8, 10)
    expect_same(lambda x, w: mb.linear(x, w[::2, ::2]), x, w)
    expect_close(lambda x, w: mb.linear(x, w[::2, ::2]), x, w)


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
    expect_close(f, x, w1, b1, w2, b2, sums=True)


@pytest.mark.parametrize("rows", [1, 70])
@pytest.mark.parametrize("sizes", [(0, 3, 2), (3, 0, 2), (3, 2, 0)])
def test_layers_may_have_no_numbers_to_read_between_or_to_write(sizes, rows):
    D, F, U = sizes
    shapes = ((rows, D), (D, F), (F,), (F, U), (U,))
    inputs = [random_tensor(numbers, *shape) for shape in shapes]
    expect_same(lambda *x: mb.feed_forward(*x, activation=mb.relu), *inputs)
    expect_same(mb.linear, *inputs[:3])


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


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("activation", [mb.relu, mb.gelu_tanh, mb.gelu, mb.silu])
def test_a_second_backward_pass_finds_the_same_derivative(activation, kind):
    """The derivative of the activation is still there when it is read again."""
    inputs = [random_tensor(numbers, *s, dtype="float32") for s in ((70, 3), (3, 5), (5,), (5, 4))]
    with with_loops(kind):
        y = mb.feed_forward(*inputs, None, activation=activation).sum()
        y.backward(retain_graph=True)
        once = [x.grad.numpy().copy() for x in inputs]
        y.backward()
    for x, first in zip(inputs, once, strict=True):
        np.testing.assert_array_equal(x.grad.numpy(), 2 * first)


@given(rows=st.integers(1, 300), F=st.integers(1, 400))
def test_sums_of_columns_and_products_with_the_derivative_are_those_of_numpy(rows, F):
    g = numbers.standard_normal((rows, F), dtype="float32")
    slope = numbers.standard_normal((rows, F), dtype="float32")
    start, stop = sorted(numbers.integers(0, F + 1, 2))
    g[:, :start] = g[:, stop:] = 0
    exact = g[:, start:stop].astype("float64") * slope[:, start:stop]
    for kind in KINDS:
        with with_loops(kind):
            y, sums = g.copy(), np.zeros(F, "float32")
            multiply_columns(y, slope, start, stop, sums)
        np.testing.assert_allclose(y[:, start:stop], exact, rtol=1e-6)
        np.testing.assert_allclose(sums[start:stop], exact.sum(axis=0), rtol=1e-5, atol=1e-4)
        assert not y[:, :start].any()
        assert not y[:, stop:].any()
        assert not sums[:start].any()
        assert not sums[stop:].any()

import numpy as np
import pytest

import minibig as mb
from minibig.kernels.cuda.stacked_products import stacked_product

from .comparison import expect_formula

numbers = np.random.default_rng(0)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("rows", "D", "F"), [((1,), 1, 1), ((3, 5), 40, 33), ((150,), 8, 70)])
def test_linear_is_its_formula(cp, dtype, rows, D, F):
    x, weight, bias = (numbers.standard_normal(s) for s in ((*rows, D), (D, F), (F,)))
    assert expect_formula(mb.linear, x, weight, bias, dtype=dtype) == {"column_sums"}
    assert expect_formula(mb.linear, x, weight, dtype=dtype) == set()


def test_a_transposed_weight_gets_its_gradient_in_its_layout(cp):
    x, table = numbers.standard_normal((2, 5, 6)), numbers.standard_normal((11, 6))
    expect_formula(lambda x, table: mb.linear(x, table.T), x, table)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("activation", [mb.relu, mb.gelu_tanh])
def test_feed_forward_is_its_formula(cp, dtype, activation):
    shapes = (2, 9, 7), (7, 40), (40,), (40, 7), (7,)

    def f(*inputs):
        return mb.feed_forward(*inputs, activation=activation)

    names = expect_formula(f, *map(numbers.standard_normal, shapes), dtype=dtype)
    assert names == {activation.__name__, "column_sums"}


def test_large_inputs_of_gelu_overflow_nowhere(cp):
    x = mb.tensor([[-1e4], [-30.0], [30.0], [1e4]], device="cuda", requires_grad=True)
    one, zero = mb.ones((1, 1), device="cuda"), mb.zeros((1,), device="cuda")
    y = mb.feed_forward(x, one, zero, one, zero, activation=mb.gelu_tanh)
    y.sum().backward()
    assert y.tolist() == [[0.0], [0.0], [30.0], [1e4]]
    assert x.grad.tolist() == [[0.0], [0.0], [1.0], [1.0]]


LAYOUTS = {
    "plain": lambda x: x,
    "transposed": lambda x: x.swapaxes(-1, -2).copy().swapaxes(-1, -2),
    "heads of one projection": lambda x: x.swapaxes(0, 1).copy().swapaxes(0, 1),
    "every second column": lambda x: x.repeat(2, axis=-1)[..., ::2],
    "part of longer rows": lambda x: x.repeat(2, axis=-2).repeat(2, axis=-1)[..., ::2, ::2],
}


@pytest.mark.parametrize("left", LAYOUTS)
@pytest.mark.parametrize("right", LAYOUTS)
def test_a_16_bit_stack_is_multiplied_whatever_its_layout(cp, left, right):
    a, b = (numbers.standard_normal(s).astype("float16") for s in ((2, 3, 4, 5), (2, 3, 5, 7)))
    expected = a.astype("float64") @ b.astype("float64")
    y = stacked_product(LAYOUTS[left](cp.asarray(a)), LAYOUTS[right](cp.asarray(b)))
    assert y.dtype == np.float16
    np.testing.assert_allclose(y.get(), expected, rtol=2e-3, atol=2e-3)


@pytest.mark.parametrize(
    ("left", "right"),
    [((5, 2, 3), (3, 4)), ((2, 3), (5, 3, 4)), ((4, 1, 2, 3), (5, 3, 1)), ((2, 1, 1), (1, 1, 6))],
)
def test_stacks_broadcast(cp, left, right):
    a, b = (numbers.standard_normal(s).astype("float16") for s in (left, right))
    y = stacked_product(cp.asarray(a), cp.asarray(b))
    np.testing.assert_allclose(y.get(), a.astype("float64") @ b, rtol=2e-3, atol=2e-3)


def test_an_empty_product_is_zero(cp):
    a, b = cp.ones((2, 3, 0), "float16"), cp.ones((2, 0, 4), "float16")
    assert not stacked_product(a, b).get().any()
    assert stacked_product(cp.ones((0, 3, 2), "float16"), cp.ones((2, 4), "float16")).size == 0

"""Numeric range: huge, tiny and all half-precision numbers, to a few units in the last place."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minibig as mb

HALVES = np.arange(65536, dtype=np.uint16).view(np.float16)
HALVES = HALVES[np.isfinite(HALVES)].astype(np.float32)
GRID = np.unique(
    np.concatenate(
        [HALVES, np.linspace(-1e4, 1e4, 4001), np.linspace(-12, 12, 4001)], dtype=np.float32
    )
)
TINY = float(np.finfo(np.float32).smallest_subnormal)
LARGEST = float(np.finfo(np.float32).max)


def each(function):
    return lambda xs: np.array([function(float(x)) for x in xs])


def exp(x):
    return math.exp(x) if x < 700 else math.inf


def sigmoid(x):
    return 1 / (1 + exp(-x)) if x > -700 else 0.0


def gelu(x):
    return x * 0.5 * math.erfc(-x / math.sqrt(2))


def gelu_tanh(x):
    return x * sigmoid(2 * math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))


def softplus(x):
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


CASES = {
    "exp": (exp, 4, GRID[GRID < 88]),
    "log": (math.log, 4, GRID[GRID > 0]),
    "tanh": (math.tanh, 4, GRID),
    "sigmoid": (sigmoid, 4, GRID),
    "softplus": (softplus, 4, GRID),
    "silu": (lambda x: x * sigmoid(x), 4, GRID[GRID > -87]),  # below, σ(x) is subnormal
    "log1p": (math.log1p, 4, GRID[GRID > -1]),
    "expm1": (lambda x: math.expm1(x) if x < 700 else math.inf, 4, GRID[GRID < 88]),
    "sin": (math.sin, 4, GRID[np.abs(GRID) < 100]),
    "cos": (math.cos, 4, GRID[np.abs(GRID) < 100]),
    "elu": (lambda x: x if x > 0 else math.expm1(x), 4, GRID),
    "leaky_relu": (lambda x: x if x > 0 else 0.01 * x, 4, GRID),
    "sqrt": (math.sqrt, 1, GRID[GRID >= 0]),
    "erf": (math.erf, 8, GRID),
    "gelu": (gelu, 8, GRID),
    "gelu_tanh": (gelu_tanh, 8, GRID),
}


def tail_allowance(name, x):
    """More units where float32 itself makes them: none of this concerns the body of the curve.

    One unit of gelu_tanh's exponent 2u is |2u| units of e^(2u). Where Φ(x) is subnormal, below
    −12.9, its smallest step is up to |x| units of x·Φ(x).
    """
    if name == "gelu_tanh":
        exponent = 2 * math.sqrt(2 / math.pi) * np.abs(x + 0.044715 * x.astype(float) ** 3)
        return np.where(x < -2, 4 * exponent, 0.0)
    return np.where(x < -12.9, np.abs(x), 0.0) if name == "gelu" else np.zeros(x.shape)


def units(actual, exact):
    """The error in units in the last place of float32; subnormal numbers have one unit, too."""
    unit = np.maximum(np.spacing(np.abs(exact).astype(np.float32)).astype(np.float64), TINY)
    return np.abs(actual.astype(np.float64) - exact) / unit


@pytest.mark.parametrize("name", CASES)
def test_float32_is_right_to_a_few_units_and_finite_where_the_value_is(name):
    function, allowed, x = CASES[name]
    exact = each(function)(x)
    y = getattr(mb, name)(mb.tensor(x)).numpy()
    assert y.dtype == np.float32
    assert np.isfinite(y[np.abs(exact) < LARGEST]).all()
    error = units(y, exact) - tail_allowance(name, x)
    worst = int(error.argmax())
    assert error[worst] <= allowed, f"{name}({x[worst]}) = {y[worst]}, exactly {exact[worst]}"


@pytest.mark.parametrize("name", [n for n in CASES if n != "log"])
def test_gradients_are_finite_over_the_whole_range(name):
    x = mb.tensor(CASES[name][2][CASES[name][2] != 0], requires_grad=True)
    getattr(mb, name)(x).backward(mb.ones(x.shape))
    assert np.isfinite(x.grad.numpy()).all()


ROWS = st.lists(st.floats(-1e4, 1e4, width=32), min_size=1, max_size=8)


@given(values=ROWS)
def test_softmax_logsumexp_and_log_softmax_are_finite_and_right(values):
    x = np.array(values, np.float32)
    wide = x.astype(np.float64)
    top = wide.max()
    total = np.exp(wide - top).sum()
    # x − max is rounded once, which e^ amplifies by |x − max|; anything below e⁻¹⁰⁰ is 0
    apart = np.minimum(np.abs(wide - top), 100)
    eps = float(np.finfo(np.float32).eps)
    exact = np.exp(wide - top) / total
    y = mb.softmax(mb.tensor(x)).numpy()
    assert (np.abs(y - exact) <= (4 + apart) * eps * exact + TINY).all()
    size = max(1.0, float(np.abs(wide).max()))
    assert abs(mb.logsumexp(mb.tensor(x)).item() - (math.log(total) + top)) <= 4 * eps * size
    exact = wide - top - math.log(total)
    assert (np.abs(mb.log_softmax(mb.tensor(x)).numpy() - exact) <= 4 * eps * 2 * size).all()


def test_softmax_and_logsumexp_take_all_half_precision_numbers_at_once():
    x = mb.tensor(HALVES, requires_grad=True)
    y = mb.softmax(x)
    assert np.isfinite(y.numpy()).all()
    assert y.numpy().sum() == pytest.approx(1.0)
    assert mb.logsumexp(x).item() == pytest.approx(65504 + math.log(1.0), rel=1e-6)
    mb.logsumexp(x).backward()
    np.testing.assert_allclose(x.grad.numpy(), y.numpy(), rtol=1e-5, atol=1e-30)


@pytest.mark.parametrize("size", [1e4, 65504.0])
def test_cross_entropies_of_huge_logits_are_finite(size):
    logits = mb.tensor([[size, -size, 0.0]], requires_grad=True)
    loss = mb.cross_entropy(logits, mb.tensor([1]))
    assert loss.item() == pytest.approx(2 * size)
    loss.backward()
    np.testing.assert_allclose(logits.grad.numpy(), [[1, -1, 0]], atol=1e-6)
    binary = mb.binary_cross_entropy_with_logits(mb.tensor([size, -size]), mb.tensor([0.0, 1.0]))
    assert binary.item() == pytest.approx(size)


def test_infinite_scores_hide_and_an_empty_sum_of_exponentials_is_minus_infinity():
    x = mb.tensor([-math.inf, 0.0])
    assert mb.softmax(x).tolist() == [0, 1]
    assert mb.logsumexp(x).item() == 0
    assert mb.logsumexp(mb.tensor([-math.inf, -math.inf])).item() == -math.inf
    assert mb.logsumexp(mb.tensor([math.inf, 0.0])).item() == math.inf


def test_derivatives_at_kinks_are_the_chosen_ones():
    def derivative(f, at):
        return mb.grad(lambda x: f(x).sum())(mb.tensor([at])).item()

    assert derivative(mb.relu, 0.0) == 0
    assert derivative(mb.abs, 0.0) == 0
    assert derivative(mb.leaky_relu, 0.0) == 0
    assert derivative(mb.elu, 0.0) == 1
    assert derivative(mb.norm, 0.0) == 0
    assert derivative(lambda x: mb.clip(x, 0.0, 1.0), 0.0) == 0.5
    assert derivative(lambda x: mb.clip(x, 0.0, 1.0), 1.0) == 0.5
    assert derivative(lambda x: x**2, 0.0) == 0
    assert derivative(lambda x: x**1, 0.0) == 1
    assert derivative(lambda x: x**0, 0.0) == 0
    with np.errstate(divide="ignore"):
        assert derivative(mb.sqrt, 0.0) == math.inf
    assert mb.grad(lambda x: mb.max(x))(mb.tensor([2.0, 2.0, 2.0, 1.0])).numpy() == pytest.approx(
        [1 / 3, 1 / 3, 1 / 3, 0]
    )
    assert mb.grad(lambda x: mb.maximum(x, 1.0).sum())(mb.tensor([1.0])).item() == 0.5


def test_where_keeps_nan_out_when_the_safe_argument_is_chosen_first():
    x = mb.tensor([0.0, 4.0], requires_grad=True)
    safe = mb.where(x > 0, x, 1.0)
    mb.where(x > 0, mb.sqrt(safe), 0.0).sum().backward()
    assert x.grad.tolist() == [0, 0.25]


def test_where_gives_nothing_to_the_branch_that_was_not_chosen():
    a, b = (mb.tensor([math.nan, 1.0], requires_grad=True) for _ in range(2))
    mb.where(mb.tensor([False, True]), a, 2.0 * b.detach()).sum().backward()
    assert a.grad.tolist() == [0, 1]


def test_nan_goes_through():
    x = mb.tensor([math.nan, 1.0])
    for f in (mb.exp, mb.tanh, mb.sigmoid, mb.softplus, mb.erf, mb.gelu, mb.relu, mb.silu, mb.elu):
        assert math.isnan(f(x).tolist()[0])
        assert not math.isnan(f(x).tolist()[1])
    assert math.isnan(mb.max(x).item())
    assert all(map(math.isnan, mb.softmax(x).tolist()))


def test_norm_and_standard_deviation_have_derivatives_0_where_they_are_0():
    for f in (mb.norm, mb.std):
        x = (
            mb.tensor([[2.0, 2.0], [1.0, 4.0]])
            if f is mb.std
            else mb.tensor([[0.0, 0.0], [3.0, 4.0]])
        )
        rows = mb.grad(lambda x, f=f: f(x, axis=1).sum())(x).numpy()
        assert rows[0].tolist() == [0, 0]
        assert np.abs(rows[1]).min() > 0.1
        second = mb.hessian(lambda x, f=f: f(x, axis=1).sum())(x).numpy()
        assert np.isfinite(second).all()
        assert not second[0].any()


@pytest.mark.parametrize(
    ("factors", "first", "second"),
    [
        ([2.0, 0.0, 3.0], [0, 6, 0], [[0, 3, 0], [3, 0, 2], [0, 2, 0]]),
        ([0.0, 5.0, 0.0], [0, 0, 0], [[0, 0, 5], [0, 0, 0], [5, 0, 0]]),
        ([0.0, 0.0, 0.0], [0, 0, 0], [[0, 0, 0]] * 3),
    ],
)
def test_a_product_with_zeros_has_the_derivatives_of_the_other_factors(factors, first, second):
    assert mb.grad(mb.prod)(mb.tensor(factors)).tolist() == first
    assert mb.hessian(mb.prod)(mb.tensor(factors)).tolist() == second


def test_equal_elements_keep_their_order_and_nan_is_the_largest():
    x = mb.tensor([2.0, math.nan, 1.0, 2.0, 1.0])
    assert mb.argsort(x).tolist() == [2, 4, 0, 3, 1]
    values, places = mb.top_k(x, 4)
    assert places.tolist() == [1, 0, 3, 2]
    assert values.tolist()[1:] == [2.0, 2.0, 1.0]
    assert mb.sort(x).tolist()[:4] == [1.0, 1.0, 2.0, 2.0]
    pulled = mb.grad(lambda x: mb.sort(x)[0] + 10 * mb.top_k(x, 2)[0][1])(x)
    assert pulled.tolist() == [10, 0, 1, 0, 0]


def test_integers_are_sorted_multiplied_and_added_up_as_integers():
    x = mb.tensor(np.array([3, 1, 255], np.uint8))
    assert mb.top_k(x, 2)[0].tolist() == [255, 3]
    assert mb.prod(x).item() == 765
    assert mb.cumsum(x).tolist() == [3, 4, 259]
    assert mb.einsum("i,i->", mb.tensor([1, 2]), mb.tensor([3, 4])).item() == 11

"""Values and derivatives at 0 and infinity: the limits, where there are any."""

import math

import numpy as np
import pytest

import minibig as mb

INF, NAN = math.inf, math.nan

# f, x, f(x), f'(x)
TABLE = [
    ("x ** 0", lambda x: x**0, [INF, -INF, 0.0, 2.0], [1, 1, 1, 1], [0, 0, 0, 0]),
    ("x ** array 0", lambda x: x ** mb.zeros(4), [INF, -INF, 0.0, 2.0], [1, 1, 1, 1], [0, 0, 0, 0]),
    ("x ** 0.5", lambda x: x**0.5, [-INF, INF, 0.0, 4.0], [INF, INF, 0, 2], [0, 0, INF, 0.25]),
    ("x ** -1", lambda x: x**-1, [INF, -INF, 2.0], [0, 0, 0.5], [0, 0, -0.25]),
    ("x ** 2", lambda x: x**2, [-INF, 0.0], [INF, 0], [-INF, 0]),
    ("x ** array 1", lambda x: x ** mb.ones(3), [INF, 0.0, -2.0], [INF, 0, -2], [1, 1, 1]),
    ("0 ** x", lambda x: 0.0**x, [-1.0, 0.0, 0.5, 2.0], [INF, 1, 0, 0], [-INF, 0, 0, 0]),
    (
        "array 0 ** x",
        lambda x: mb.zeros(4) ** x,
        [-1.0, 0.0, 0.5, 2.0],
        [INF, 1, 0, 0],
        [-INF, 0, 0, 0],
    ),
    ("2 ** x", lambda x: 2**x, [-INF, 0.0, 1.0], [0, 1, 2], [0, math.log(2), 2 * math.log(2)]),
    ("exp", mb.exp, [-INF, 0.0, INF], [0, 1, INF], [0, 1, INF]),
    ("log", mb.log, [0.0, 1.0, INF], [-INF, 0, INF], [INF, 1, 0]),
    ("log1p", mb.log1p, [-1.0, 0.0, INF], [-INF, 0, INF], [INF, 1, 0]),
    ("expm1", mb.expm1, [-INF, 0.0], [-1, 0], [0, 1]),
    ("sqrt", mb.sqrt, [0.0, INF], [0, INF], [INF, 0]),
    ("tanh", mb.tanh, [-INF, 0.0, INF], [-1, 0, 1], [0, 1, 0]),
    ("sigmoid", mb.sigmoid, [-INF, 0.0, INF], [0, 0.5, 1], [0, 0.25, 0]),
    ("softplus", mb.softplus, [-INF, INF], [0, INF], [0, 1]),
    ("erf", mb.erf, [-INF, INF], [-1, 1], [0, 0]),
    ("normal_cdf", mb.normal_cdf, [-INF, INF], [0, 1], [0, 0]),
    ("elu", mb.elu, [-INF, INF], [-1, INF], [0, 1]),
    ("relu", mb.relu, [-INF, INF], [0, INF], [0, 1]),
    ("leaky_relu", mb.leaky_relu, [-INF, INF], [-INF, INF], [0.01, 1]),
    ("arctan", mb.arctan, [-INF, INF], [-math.pi / 2, math.pi / 2], [0, 0]),
    ("1 / x", lambda x: 1 / x, [INF, -INF], [0, 0], [0, 0]),
    ("abs", mb.abs, [-INF, 0.0, INF], [INF, 0, INF], [-1, 0, 1]),
]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row[0])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_functions_of_one_variable(row, dtype, device):
    _, f, at, values, slopes = row
    x = mb.tensor(np.array(at, dtype), device=device, requires_grad=True)
    if device != "cpu" and "array" in row[0]:
        return  # its constants lie on the CPU
    with np.errstate(divide="ignore", over="ignore"):
        y = f(x)
        y.backward(mb.ones(y.shape, dtype, device))
    assert y.dtype == x.grad.dtype == dtype
    np.testing.assert_allclose(y.numpy(), values, rtol=1e-6)
    np.testing.assert_allclose(x.grad.numpy(), slopes, rtol=1e-6)


@pytest.mark.parametrize(
    ("x", "y", "gradient"),
    [
        ([INF, 710.0], INF, [1, 0]),
        ([INF, INF, 3.0], INF, [0.5, 0.5, 0]),
        ([-INF, 0.0], 0, [0, 1]),
        ([-INF, -INF], -INF, [0, 0]),
        ([-INF, INF], INF, [0, 1]),
        ([1e4, 1e4], 1e4 + math.log(2), [0.5, 0.5]),
        ([NAN, 1.0], NAN, [NAN, NAN]),
    ],
)
def test_logsumexp(x, y, gradient):
    x = mb.tensor(x, dtype="float64", requires_grad=True)
    result = mb.logsumexp(x)
    result.backward()
    np.testing.assert_allclose(result.item(), y)
    np.testing.assert_allclose(x.grad.numpy(), gradient)


def test_a_power_has_its_mixed_second_derivative_at_0():
    """∂²(xʸ)/∂x∂y at y = 0 is 1/x."""
    x, y = mb.tensor([2.0, 4.0]), mb.tensor([0.0, 0.0])
    mixed = mb.grad(lambda y: mb.grad(lambda x: (x**y).sum())(x).sum())(y)
    np.testing.assert_allclose(mixed.numpy(), [0.5, 0.25])


@pytest.mark.parametrize("n", [1, 49, 98, 103, 1999])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_mean_is_the_sum_divided_by_n(n, dtype):
    assert mb.ones(n, dtype=dtype).mean().item() == 1
    x = mb.ones(n, dtype=dtype)
    x.requires_grad = True
    (x.mean() * n).backward()
    assert x.grad.numpy().max() == np.dtype(dtype).type(n) / np.dtype(dtype).type(n)


def test_the_mean_of_nothing_is_nan_without_a_warning():
    assert math.isnan(mb.zeros(0).mean().item())
    assert np.isnan(mb.zeros((2, 0)).mean(axis=1).numpy()).all()


def test_uniform_never_returns_its_upper_end(monkeypatch):
    from minibig.ops import creation

    class Highest:
        def uniform(self, low, high, shape):
            return np.full(shape, np.nextafter(high, low))

    monkeypatch.setattr(creation, "stream", lambda name: Highest())
    for low, high in ((0.0, 1.0), (-3.0, -1.0), (5.0, 6e4)):
        for dtype in ("float32", "float64", "float16"):
            x = mb.uniform((4,), low, high, dtype=dtype).numpy().astype(float)
            assert (low <= x).all() and (x < high).all()


@pytest.mark.parametrize("kernels", [True, False])
@pytest.mark.parametrize("offset", [0.0, 1e2, 1e4, 1e6])
def test_layer_norm_is_exact_at_any_offset(kernels, offset):
    x = (np.random.default_rng(3).standard_normal((40, 768)) + offset).astype(np.float32)
    x[0], x[1, 0] = offset, offset + 3e4
    wide = x.astype(np.float64)
    centred = wide - wide.mean(axis=-1, keepdims=True)
    exact = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-5)
    if kernels:
        y = mb.layer_norm(mb.tensor(x))
    else:
        with mb.reference():
            y = mb.layer_norm(mb.tensor(x))
    np.testing.assert_allclose(y.numpy(), exact, rtol=2e-6, atol=2e-6)


@pytest.mark.parametrize("kernels", [True, False])
@pytest.mark.parametrize("n", [6, 768, 1000])
def test_layer_norm_of_equal_numbers_is_0(kernels, n):
    for value in (0.1, -7.3, 1234.567, 1e6):
        x = mb.full((3, n), value)
        if kernels:
            y = mb.layer_norm(x)
        else:
            with mb.reference():
                y = mb.layer_norm(x)
        # the mean is wrong by 1e-7 of it at most, and the mean of what is left by 1e-7 of that
        assert abs(y).max().item() < 1e-6 + abs(value) * 2e-13 / math.sqrt(1e-5)


def test_variances_of_numbers_far_from_0_keep_their_digits():
    x = (1e4 + 0.1 * np.random.default_rng(0).standard_normal((100_000, 3))).astype(np.float32)
    exact = x.astype(np.float64)
    for axis in (0, 1, None):
        np.testing.assert_allclose(mb.var(mb.tensor(x), axis).numpy(), exact.var(axis), rtol=1e-6)
        np.testing.assert_allclose(mb.std(mb.tensor(x), axis).numpy(), exact.std(axis), rtol=1e-6)
        np.testing.assert_allclose(mb.mean(mb.tensor(x), axis).numpy(), exact.mean(axis), rtol=2e-7)


@pytest.mark.parametrize("axis", [0, 1, None])
def test_long_reductions_keep_their_digits_and_so_do_their_gradients(axis):
    x = np.full((100_000, 2), 0.1, np.float32)
    t, wide = mb.tensor(x), x.astype(np.float64)
    np.testing.assert_allclose(t.sum(axis).numpy(), wide.sum(axis), rtol=1e-6)
    np.testing.assert_allclose(
        mb.norm(t, axis=axis).numpy(), np.sqrt((wide**2).sum(axis)), rtol=1e-6
    )
    last = t.cumsum(axis).numpy()
    np.testing.assert_allclose(last, wide.cumsum(axis), rtol=1e-7)
    if axis is not None:
        assert abs(mb.softmax(t, axis).numpy().sum(axis, dtype=float) - 1).max() < 1e-6
        total = mb.logsumexp(t, axis).numpy()
        np.testing.assert_allclose(total, 0.1 + math.log(x.shape[axis]), rtol=1e-6)


@pytest.mark.parametrize("kernels", [True, False])
def test_gradients_of_biases_keep_their_digits(kernels):
    n = 50_000
    x, weight = mb.ones((n, 1)), mb.zeros((1, 3))
    bias = mb.zeros(3)
    weight.requires_grad = bias.requires_grad = True
    upstream = mb.full((n, 3), 0.1)

    def pulled():
        weight.grad = bias.grad = None
        mb.linear(x, weight.detach(), bias).backward(upstream)
        (x * weight + bias).backward(upstream)
        mb.layer_norm(mb.tensor([[1.0, 2.0, 4.0]]) * x, weight[0], bias).backward(upstream)
        return weight.grad.numpy(), bias.grad.numpy()

    if kernels:
        of_weight, of_bias = pulled()
    else:
        with mb.reference():
            of_weight, of_bias = pulled()
    exact = n * float(np.float32(0.1))
    np.testing.assert_allclose(of_bias, 3 * exact, rtol=1e-6)
    normed = np.array([1.0, 2.0, 4.0]) - 7 / 3
    normed /= np.sqrt((normed**2).mean() + 1e-5)
    np.testing.assert_allclose(of_weight, [exact + exact * normed], rtol=2e-6, atol=exact * 2e-6)


@pytest.mark.parametrize("name, sign", [("max", 1.0), ("min", -1.0)])
@pytest.mark.parametrize("axis", [None, 0, -1, (0, 1)])
def test_equal_extremes_share_the_gradient(name, sign, axis):
    x = sign * np.array([[2.0, 2.0, 2.0], [1.0, 2.0, 0.0]])
    attained = x == getattr(x, name)(axis=axis, keepdims=True)
    y = mb.tensor(x, requires_grad=True)
    getattr(mb, name)(y, axis=axis).sum().backward()
    np.testing.assert_array_equal(y.grad, attained / attained.sum(axis=axis, keepdims=True))


@pytest.mark.parametrize("name, sign", [("cummax", 1.0), ("cummin", -1.0)])
def test_the_latest_of_equal_extremes_so_far_gets_the_gradient(name, sign):
    x = mb.tensor(sign * np.array([1.0, 1.0, 0.0, 2.0, 1.0, 2.0]), requires_grad=True)
    y = getattr(mb, name)(x, 0)
    (y * mb.tensor([1.0, 2.0, 4.0, 8.0, 16.0, 32.0])).sum().backward()
    np.testing.assert_array_equal(x.grad, [1.0, 6.0, 0.0, 24.0, 0.0, 32.0])


def test_a_roll_over_several_axes_is_turned_back_axis_by_axis():
    x = mb.tensor(np.zeros((3, 4, 5)), requires_grad=True)
    upstream = np.arange(60.0).reshape(3, 4, 5)
    mb.roll(x, (1, 2, -1), (0, -1, 1)).backward(mb.tensor(upstream))
    np.testing.assert_array_equal(x.grad, np.roll(upstream, (-1, -2, 1), (0, -1, 1)))

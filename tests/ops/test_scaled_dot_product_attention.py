"""Attention beyond its row: the worked example, the mask, what blocks and heads may not change."""

import numpy as np
import pytest
from cuda_on_cpu import cuda_on_cpu

import minibig as mb
from minibig.ops import causal_mask

from .references import attention_reference


def test_five_equal_scores_give_the_mean_of_the_values():
    q = k = mb.ones((5, 1))
    v = mb.arange(5.0).reshape(5, 1)
    context, weights = mb.attention(q, k, v, scale=1, return_weights=True)
    np.testing.assert_allclose(weights.numpy(), np.full((5, 5), 0.2), rtol=1e-6)
    np.testing.assert_allclose(context.numpy(), np.full((5, 1), 2.0), rtol=1e-6)
    np.testing.assert_allclose(mb.softmax(mb.ones((5,))).numpy() @ np.arange(5), 2.0, rtol=1e-6)


def test_the_mask_lets_the_last_query_see_every_key():
    np.testing.assert_array_equal(
        np.isinf(causal_mask(mb.zeros((3, 2, 4))).numpy()), [[0, 0, 0, 1], [0] * 4]
    )
    np.testing.assert_array_equal(causal_mask(np.zeros((1, 1))), [[0]])


@pytest.mark.parametrize("T", [63, 64, 65, 150])
def test_blocks_of_queries_give_what_the_loop_gives(T):
    rng = np.random.default_rng(T)
    q, k, v = (rng.standard_normal((2, 3, T + extra, 4)) for extra in (0, 5, 5))
    expected = attention_reference(q, k, v, causal=True, scale=None)
    xs = [mb.tensor(x, requires_grad=True) for x in (q, k, v)]
    y = mb.attention(*xs, causal=True)
    np.testing.assert_allclose(y.numpy(), expected, atol=1e-12)
    upstream = mb.tensor(rng.standard_normal(y.shape))
    y.backward(upstream)
    with mb.reference():
        pulled = mb.vjp(lambda *xs: mb.attention(*xs, causal=True), *xs)[1](upstream)
    for x, g in zip(xs, pulled, strict=True):
        np.testing.assert_allclose(x.grad.numpy(), g.numpy(), atol=1e-12)


def test_later_keys_do_not_reach_earlier_queries():
    q, k, v = (mb.normal((1, 2, 70, 4)) for _ in range(3))
    y = mb.attention(q, k, v, causal=True).numpy()
    changed = v.numpy().copy()
    changed[:, :, 50:] = 1e3
    again = mb.attention(q, k, mb.tensor(changed), causal=True).numpy()
    np.testing.assert_array_equal(y[:, :, :50], again[:, :, :50])
    assert (y[:, :, 50:] != again[:, :, 50:]).all()


@pytest.mark.parametrize("kernels", [True, False])
def test_a_bias_with_more_axes_than_the_scores_broadcasts_them(kernels):
    q, bias = mb.normal((2, 3, 4)), mb.normal((5, 2, 3, 3))
    with mb.reference():
        expected = mb.attention(q, q, q, bias).numpy()
    assert expected.shape == (5, 2, 3, 4)
    if kernels:
        np.testing.assert_allclose(mb.attention(q, q, q, bias).numpy(), expected, atol=1e-6)


@pytest.mark.parametrize("kernels", [True, False])
def test_keys_hidden_by_minus_infinity_have_weight_zero(kernels):
    q, v = mb.normal((2, 3, 4)), mb.normal((2, 3, 4))
    bias = mb.tensor(np.array([0, 0, -np.inf], np.float32))
    hidden = v.numpy().copy()
    hidden[:, 2] = 1e3
    run = lambda v: mb.attention(q, q, v, bias).numpy()
    if kernels:
        np.testing.assert_array_equal(run(v), run(mb.tensor(hidden)))
    with mb.reference():
        np.testing.assert_array_equal(run(v), run(mb.tensor(hidden)))


@pytest.mark.parametrize("shapes", [((2, 1, 3, 4), (2, 5, 6, 4)), ((3, 4), (2, 6, 4))])
def test_leading_axes_broadcast(shapes):
    q, k = mb.normal(shapes[0]), mb.normal(shapes[1])
    y = mb.attention(q, k, k)
    with mb.reference():
        np.testing.assert_allclose(y.numpy(), mb.attention(q, k, k).numpy(), atol=1e-6)
    assert y.shape == (*np.broadcast_shapes(shapes[0][:-2], shapes[1][:-2]), 3, 4)
    mb.check_gradients(mb.attention, q, k, k)


def blind_queries(dtype, device="cpu"):
    """Queries, keys and values with a left padding of two; causal queries 0 and 1 see nothing."""
    rng = np.random.default_rng(5)
    xs = [
        mb.tensor(rng.standard_normal((2, 3, 5, 4)), dtype, device, requires_grad=True)
        for _ in range(3)
    ]
    bias = mb.tensor(np.array([-np.inf, -np.inf, 0, 0, 0]), dtype, device, requires_grad=True)
    return xs, bias


def expect_nothing_from_blind_queries(dtype="float64", device="cpu"):
    (q, k, v), bias = blind_queries(dtype, device)
    y = mb.attention(q, k, v, bias, causal=True)
    y.backward(mb.ones(y.shape, dtype, device))
    assert not y.numpy()[:, :, :2].any() and y.numpy()[:, :, 2:].all()
    gradients = [x.grad.numpy() for x in (q, k, v, bias)]
    assert all(np.isfinite(g).all() for g in gradients)
    assert not gradients[0][:, :, :2].any() and gradients[0][:, :, 3:].any()
    assert not gradients[1][:, :, :2].any() and not gradients[2][:, :, :2].any()
    rest = [mb.tensor(x.numpy()[:, :, 2:], device=device, requires_grad=True) for x in (q, k, v)]
    expected = mb.attention(*rest, causal=True)
    expected.backward(mb.ones(expected.shape, dtype, device))
    np.testing.assert_allclose(y.numpy()[:, :, 2:], expected.numpy(), rtol=1e-5)
    for g, x in zip(gradients, rest, strict=False):
        np.testing.assert_allclose(g[:, :, 2:], x.grad.numpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kernels", [True, False])
def test_a_query_that_may_see_nothing_gets_0_and_moves_nothing(kernels, device):
    if kernels:
        return expect_nothing_from_blind_queries("float32", device)
    with mb.reference():
        expect_nothing_from_blind_queries("float32", device)


def test_a_query_that_may_see_nothing_on_cuda():
    with cuda_on_cpu():
        expect_nothing_from_blind_queries("float32", "cuda")


def test_second_derivatives_beside_blind_queries_are_right():
    (q, k, v), bias = blind_queries("float64")
    bias = bias.detach()
    mb.check_gradients(lambda q, k, v: mb.attention(q, k, v, bias, causal=True), q, k, v)


def test_weights_of_blind_queries_are_0_and_nan_stays_visible():
    nothing = mb.full((2, 2), -np.inf)
    assert not mb.attention_weights(mb.ones((2, 1)), mb.ones((2, 1)), nothing).numpy().any()
    q = mb.tensor([[np.nan], [1.0]])
    assert np.isnan(mb.attention(q, mb.ones((2, 1)), mb.ones((2, 1))).numpy()[0]).all()


def test_without_keys_the_output_is_0():
    y = mb.attention(mb.ones((2, 3)), mb.zeros((0, 3)), mb.zeros((0, 4)))
    assert y.tolist() == [[0.0] * 4] * 2

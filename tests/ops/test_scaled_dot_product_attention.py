"""Attention beyond its row: the worked example, the mask, what blocks and heads may not change."""

import numpy as np
import pytest

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

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minibig as mb
from minibig.autograd.backward_pass import Walk
from minibig.kernels.scaled_dot_product_attention import _blocks

from .comparison import expect_close, expect_same, random_tensor

numbers = np.random.default_rng(1)


@given(
    T=st.integers(1, 150), extra=st.integers(0, 70), heads=st.integers(1, 5), causal=st.booleans()
)
def test_attention_is_its_formula_across_the_borders_of_blocks(T, extra, heads, causal):
    q = random_tensor(numbers, 2, heads, T, 4)
    k = random_tensor(numbers, 2, heads, T + extra, 4)
    v = random_tensor(numbers, 2, heads, T + extra, 3)
    expect_same(lambda q, k, v: mb.attention(q, k, v, causal=causal), q, k, v, tolerance=1e-11)


@pytest.mark.parametrize(
    "shape", [(70, 80), (3, 1, 80), (2, 3, 70, 80), (2, 1, 1, 80), (1,), (80,)]
)
def test_a_bias_of_any_shape_gets_its_gradient(shape):
    q, k, v = (random_tensor(numbers, 2, 3, n, 4) for n in (70, 80, 80))
    bias = random_tensor(numbers, *shape)
    expect_same(lambda *x: mb.attention(*x, causal=True), q, k, v, bias, tolerance=1e-11)


def test_a_hidden_key_gets_no_gradient():
    q, k, v = (random_tensor(numbers, 1, 2, 5, 4) for _ in range(3))
    bias = mb.tensor(np.array([0.0, 0.0, -np.inf, 0.0, 0.0]))
    mb.attention(q, k, v, bias).sum().backward()
    assert not k.grad.numpy()[:, :, 2].any()
    assert not v.grad.numpy()[:, :, 2].any()


def test_heads_may_be_strided_views_of_one_projection():
    qkv = random_tensor(numbers, 2, 6, 3 * 2 * 4)

    def f(qkv):
        parts = mb.split(qkv, 3, axis=-1)
        return mb.attention(*[p.reshape(2, 6, 2, 4).transpose(0, 2, 1, 3) for p in parts])

    expect_same(f, qkv)


@given(st.integers(1, 9), st.integers(1, 13), st.integers(1, 300), st.integers(1, 3000))
def test_blocks_hold_each_head_of_each_example_once(B, H, T, S):
    seen = np.zeros((B, H), int)
    for block in _blocks(B, H, T, S, K=64):
        seen[block] += 1
    assert (seen == 1).all()


@pytest.mark.parametrize(("B", "S", "n"), [(1, 900, 4), (8, 900, 4), (8, 500, 4), (1, 100, 1)])
def test_one_query_of_many_keys_is_cut_into_blocks_of_one_size(B, S, n):
    blocks = _blocks(B, 12, 1, S, K=64)
    sizes = {(b.stop - b.start) * (h.stop - h.start) for b, h in blocks}
    assert len(blocks) == n and len(sizes) == 1


@pytest.mark.parametrize("B", [1, 3])
def test_one_query_of_many_keys_is_the_formula(B):
    q, k, v = (random_tensor(numbers, B, 12, n, 8) for n in (1, 2500, 2500))
    expect_same(lambda *x: mb.attention(*x, causal=True), q, k, v)
    expect_close(lambda *x: mb.attention(*x, causal=True), q, k, v)


@pytest.mark.parametrize("shape", [(2, 4, 5, 3), (2, 2, 4, 5, 3)])
def test_the_gradients_of_q_k_and_v_lie_side_by_side(shape):
    *outer, H, T, K = shape
    x = mb.tensor(numbers.standard_normal((*outer, T, 3 * H, K)), requires_grad=True)
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            Walk, "observer", lambda walk, node, g, y: found.update({str(node.operation): y})
        )
        mb.attention(*mb.split(x.swapaxes(-2, -3), 3, axis=-3), causal=True).sum().backward()
    assert np.shares_memory(found["split"][0], found["attention"][0])

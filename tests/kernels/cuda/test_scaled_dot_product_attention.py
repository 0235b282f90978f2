import numpy as np
import pytest

import minibig as mb

from .comparison import expect_formula, launches

numbers = np.random.default_rng(1)
BACKWARD = {"attention_delta", "attention_keys", "attention_queries"}
KERNELS = {"attention_forward"} | BACKWARD


def heads(*shapes):
    return [numbers.standard_normal(shape) for shape in shapes]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize(
    ("T", "S"), [(1, 1), (1, 70), (32, 32), (33, 65), (64, 64), (65, 65), (70, 100), (130, 131)]
)
def test_attention_is_its_formula_across_the_borders_of_tiles(cp, T, S, causal, dtype):
    q, k, v = heads((2, 1, T, 5), (2, 1, S, 5), (2, 1, S, 11))

    def f(q, k, v):
        return mb.attention(q, k, v, causal=causal)

    assert expect_formula(f, q, k, v, dtype=dtype) == KERNELS


@pytest.mark.parametrize(
    ("K", "U", "dtype"), [(64, 64, "float32"), (33, 64, "float64"), (80, 128, "float32")]
)
def test_large_heads_take_smaller_tiles(cp, K, U, dtype):
    q, k, v = heads((2, 35, K), (2, 70, K), (2, 70, U))
    assert expect_formula(lambda *x: mb.attention(*x, causal=True), q, k, v, dtype=dtype) == KERNELS


def test_heads_beyond_the_shared_memory_are_left_to_the_formula(cp):
    q, k, v = heads((1, 3, 200), (1, 3, 200), (1, 3, 2))
    assert expect_formula(mb.attention, q, k, v, dtype="float32") == set()


@pytest.mark.parametrize(
    "shape", [(70, 80), (3, 1, 80), (2, 3, 70, 80), (2, 1, 1, 80), (1,), (80,), (70, 1)]
)
def test_a_bias_of_any_shape_gets_its_gradient(cp, shape):
    q, k, v = heads((2, 3, 70, 5), (2, 3, 80, 5), (2, 3, 80, 11))
    bias = numbers.standard_normal(shape)
    assert expect_formula(lambda *x: mb.attention(*x, causal=True), q, k, v, bias) == KERNELS


def test_a_hidden_key_gets_no_gradient_even_if_it_fills_a_tile(cp):
    q, k, v = (
        mb.tensor(x, device="cuda", requires_grad=True)
        for x in heads((1, 2, 5, 5), (1, 2, 70, 5), (1, 2, 70, 11))
    )
    bias = np.zeros(70)
    bias[:40] = -np.inf  # the first tile of keys, and a part of the second
    y = mb.attention(q, k, v, mb.tensor(bias, device="cuda"), scale=0.3)
    assert np.isfinite(y.numpy()).all()
    y.sum().backward()
    for x in (k, v):
        assert not x.grad.numpy()[:, :, :40].any()
        assert np.abs(x.grad.numpy()[:, :, 40:]).min() > 0


def test_heads_may_be_strided_views_of_one_projection(cp):
    qkv = numbers.standard_normal((2, 6, 3 * 2 * 5))

    def f(qkv):
        parts = mb.split(qkv, 3, axis=-1)
        return mb.attention(*[p.reshape(2, 6, 2, 5).transpose(0, 2, 1, 3) for p in parts])

    assert expect_formula(f, qkv) == KERNELS


def test_rows_that_are_not_in_one_piece_are_copied(cp):
    def f(q, k, v):
        return mb.attention(*[x.swapaxes(-1, -2) for x in (q, k, v)])

    assert expect_formula(f, *heads((1, 2, 5, 6), (1, 2, 5, 6), (1, 2, 11, 6))) == KERNELS


def test_only_what_is_needed_is_computed(cp):
    q, k, v = heads((1, 2, 5, 5), (1, 2, 5, 5), (1, 2, 5, 11))
    with launches() as names:
        tensors = [mb.tensor(x, device="cuda") for x in (q, k, v)]
        tensors[0].requires_grad = True
        mb.attention(*tensors).sum().backward()
    assert names == KERNELS - {"attention_keys"}

"""The rules of Muon and Adafactor: singular values, and loops over single numbers, in float64."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from threadpoolctl import threadpool_limits

import minibig as mb
from minibig.ops import adafactor_update, muon_update, orthogonalized

from .references import adafactor_reference, muon_reference

MUON = {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.1}
ADAFACTOR = {
    "lr": st.sampled_from([0.0, 0.1]),
    "decay": st.sampled_from([0.8, 0.5]),
    "eps": st.sampled_from([1e-30, 1e-3]),
    "min_scale": st.sampled_from([1e-3, 10.0]),
    "clip": st.sampled_from([0.01, 1.0, 100.0]),
    "weight_decay": st.sampled_from([0.0, 0.1]),
    "t": st.sampled_from([1, 2, 50]),
}


def tensors(arrays, dtype="float64"):
    return [mb.tensor(array.astype(dtype)) for array in arrays]


@given(st.integers(0, 1000), st.integers(1, 5), st.integers(1, 5), st.sampled_from([0.0, 0.9]))
def test_muon_turns_the_singular_values_and_nothing_else(seed, D, F, momentum):
    generator = np.random.default_rng(seed)
    p, g, m = (generator.standard_normal((D, F)) for _ in range(3))
    settings = {**MUON, "momentum": momentum}
    expected = muon_reference(p, g, m, **settings)
    for ours, theirs in zip(muon_update(*tensors([p, g, m]), **settings), expected, strict=True):
        np.testing.assert_allclose(ours.numpy(), theirs, rtol=1e-9, atol=1e-9)
    for result in muon_update(*tensors([p, g, m], "float32"), **settings):
        assert result.dtype == np.float32


@pytest.mark.parametrize("shape", [(64, 64), (16, 128), (128, 16), (1, 9), (9, 1)])
def test_all_directions_of_a_matrix_become_about_equally_strong(shape):
    x = np.random.default_rng(1).standard_normal(shape).astype(np.float32)
    y = orthogonalized(mb.tensor(x)).numpy()
    before = np.linalg.svd(x / np.linalg.norm(x), compute_uv=False)
    after = np.diag(np.linalg.svd(x)[0].T @ y @ np.linalg.svd(x)[2].T)[before > 0.01]
    assert 0.68 < after.min() <= after.max() < 1.14
    assert y.dtype == np.float32


def test_a_gradient_of_zeros_moves_nothing():
    p = mb.ones((2, 3))
    new, m = muon_update(p, mb.zeros((2, 3)), mb.zeros((2, 3)), **{**MUON, "weight_decay": 0.0})
    assert new.tolist() == p.tolist()
    assert not m.numpy().any()


@given(
    st.integers(0, 1000),
    hnp.array_shapes(min_dims=0, max_dims=3, min_side=1, max_side=4),
    st.fixed_dictionaries(ADAFACTOR),
)
def test_adafactor_is_the_loop_over_single_numbers(seed, shape, settings):
    generator = np.random.default_rng(seed)
    shapes = [shape] if len(shape) < 2 else [shape[:-1], (*shape[:-2], shape[-1])]
    xs = [np.asarray(generator.standard_normal(shape)) for _ in range(2)]
    xs += [np.asarray(generator.uniform(0.1, 2.0, factor)) for factor in shapes]
    ours = adafactor_update(*tensors(xs), **settings)
    for one, other in zip(ours, adafactor_reference(*xs, **settings), strict=True):
        np.testing.assert_allclose(one.numpy(), other, rtol=1e-9, atol=1e-12)
    for result in adafactor_update(*tensors(xs, "float32"), **settings):
        assert result.dtype == np.float32


def test_rows_and_columns_without_a_gradient_do_not_spoil_a_step():
    """1e-30 of a row times 1e-30 of a column is 0 in float32, and 0/0 would be NaN."""
    g = np.zeros((3, 3), np.float32)
    g[0, 0] = 5.0
    settings = {"lr": 0.1, "decay": 0.8, "eps": 1e-30, "min_scale": 1e-3, "clip": 1.0}
    p, *state = mb.ones((3, 3)), mb.zeros((3,)), mb.zeros((3,))
    for t in (1, 2, 3):
        p, *state = adafactor_update(p, mb.tensor(g), *state, **settings, weight_decay=0.0, t=t)
    moved = p.numpy() != 1
    assert np.isfinite(p.numpy()).all()
    assert moved[0, 0] and moved.sum() == 1


def muon(*shapes, **changes):
    return muon_update(*map(mb.ones, shapes), **{**MUON, **changes})


def adafactor(*shapes, t=1):
    settings = {"lr": 0.1, "decay": 0.8, "eps": 1e-30, "min_scale": 1e-3, "clip": 1.0}
    return adafactor_update(*map(mb.ones, shapes), **settings, weight_decay=0.0, t=t)


@pytest.mark.parametrize(
    ("use", "kind", "words"),
    [
        (lambda: muon((2, 3), (3,), (2, 3)), mb.InputError, r"have shape \(2, 3\); got \(3,\)"),
        (lambda: muon((3,), (3,), (3,)), mb.InputError, r"\(D, F\); got \(3,\)"),
        (lambda: muon((2, 3), (2, 3)), TypeError, "m is missing"),
        (lambda: muon((2, 3), (2, 3), (2, 3), t=1), TypeError, "and no more"),
        (
            lambda: adafactor((2, 3), (2, 3), (2,), (2,)),
            mb.InputError,
            r"c must have shape \(3,\); got \(2,\)",
        ),
        (
            lambda: adafactor((2, 3), (2, 3), (2,)),
            mb.InputError,
            r"have shape \(2, 3\); got \(2,\)",
        ),
        (lambda: adafactor((3,), (3,), (), (3,)), mb.InputError, "axes of p .* at least 2; got 1"),
        (
            lambda: adafactor((2, 3), (3, 2), (2,), (3,)),
            mb.InputError,
            r"have shape \(2, 3\); got \(3, 2\)",
        ),
        (lambda: adafactor((3,), (3,), (3,), t=0), mb.InputError, "at least 1; got 0"),
    ],
)
def test_wrong_uses_are_refused_with_a_sentence(use, kind, words):
    with pytest.raises(kind, match=words):
        use()


def test_the_bits_do_not_depend_on_the_threads_of_blas():
    x = mb.tensor(np.random.default_rng(2).standard_normal((70, 300)).astype(np.float32))
    expected = orthogonalized(x).numpy().tobytes()
    with threadpool_limits(2, user_api="blas"):
        assert orthogonalized(x).numpy().tobytes() == expected


def test_the_constants_are_those_of_the_fixed_point():
    """Near 1 the iteration turns round and round within the band, as the docstring says."""
    sigma = np.linspace(0.01, 1.0, 100_000)
    for _ in range(5):
        sigma = 3.4445 * sigma - 4.7750 * sigma**3 + 2.0315 * sigma**5
    assert (round(sigma.min(), 2), math.ceil(sigma.max() * 100)) == (0.68, 114)

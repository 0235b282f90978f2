"""Dropout by compiled loops: the very bits of the masks that NumPy's Philox draws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import minibig as mb
from minibig.backend import DropoutKey
from minibig.kernels import parallel
from minibig.ops.dropout_masks import masked

from .comparison import KINDS, outputs_and_gradients, with_loops

keys = st.builds(DropoutKey, st.integers(0, 2**128 - 1), st.integers(0, 2**40))


def expect_same_bits(x, p, key):
    for kind in KINDS:
        with with_loops(kind):
            fused = outputs_and_gradients(lambda x: masked(x, p=p, key=key), [x], False)
        formula = outputs_and_gradients(lambda x: masked(x, p=p, key=key), [x], True)
        for a, b in zip(fused, formula, strict=True):
            assert (a.shape, a.dtype) == (b.shape, b.dtype)
            np.testing.assert_array_equal(a, b, err_msg=f"with {kind} loops")


@given(
    shape=hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=9),
    dtype=st.sampled_from(["float32", "float64"]),
    p=st.sampled_from([1e-12, 0.1, 0.5, 0.999999999999]),
    key=keys,
)
def test_masks_and_gradients_have_the_bits_of_the_formula(shape, dtype, p, key):
    x = np.random.default_rng(1).standard_normal(shape)
    expect_same_bits(mb.tensor(np.asarray(x, dtype), requires_grad=True), p, key)


@given(key=keys, lanes=st.integers(1, 5000))
def test_long_rows_have_the_bits_of_the_formula(key, lanes):
    x = np.random.default_rng(2).standard_normal((3, lanes)).astype("float32")
    expect_same_bits(mb.tensor(x, requires_grad=True), 0.25, key)


def test_strided_inputs_and_what_is_not_finite():
    x = np.random.default_rng(3).standard_normal((6, 8, 10)).astype("float32")
    x[0, 0, :3] = np.nan, np.inf, -np.inf
    with np.errstate(invalid="ignore"):
        for view in (x.T, x[::2, ::-1], x[:, 0], x.swapaxes(1, 2)):
            y = mb.Tensor(view)
            results = [masked(y, p=0.5, key=DropoutKey(9)).numpy()]
            with mb.reference():
                results.append(masked(y, p=0.5, key=DropoutKey(9)).numpy())
            np.testing.assert_array_equal(*results)


@pytest.mark.parametrize("n", [1, 3])
def test_any_number_of_threads_draws_the_same_mask(n, monkeypatch):
    x, key = mb.ones((5, 1000)), DropoutKey(4)
    before = masked(x, p=0.5, key=key).numpy().copy()
    monkeypatch.setattr(parallel, "threads", lambda: n)
    parallel._helpers.cache_clear()
    np.testing.assert_array_equal(masked(x, p=0.5, key=key).numpy(), before)
    parallel._helpers.cache_clear()

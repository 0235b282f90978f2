import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import minibig as mb

from .comparison import expect_close, expect_same, random_tensor

numbers = np.random.default_rng(3)


@given(rows=st.integers(1, 400), D=st.sampled_from([1, 2, 7, 1000]), affine=st.booleans())
def test_layer_norm_is_its_formula(rows, D, affine):
    x = random_tensor(numbers, rows, D)
    scale = [random_tensor(numbers, D), random_tensor(numbers, D)] if affine else []
    expect_same(mb.layer_norm, x, *scale, tolerance=1e-9 if D < 3 else 1e-11)
    if D > 2:  # of one or two numbers nothing is left but rounding
        expect_close(mb.layer_norm, x, *scale, tolerance=2e-5)


@given(rows=st.integers(1, 400), D=st.sampled_from([1, 2, 7, 1000]), affine=st.booleans())
def test_rms_norm_is_its_formula(rows, D, affine):
    x = random_tensor(numbers, rows, D)
    scale = [random_tensor(numbers, D)] if affine else []
    expect_same(mb.rms_norm, x, *scale, tolerance=1e-9 if D < 3 else 1e-11)
    if D > 2:
        expect_close(mb.rms_norm, x, *scale, tolerance=2e-5)


def test_a_constant_row_becomes_the_bias():
    bias = mb.tensor([1.0, 2.0, 3.0])
    assert mb.layer_norm(mb.ones((2, 3)), mb.ones((3,)), bias).tolist() == [[1.0, 2.0, 3.0]] * 2

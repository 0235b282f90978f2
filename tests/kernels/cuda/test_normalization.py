import numpy as np
import pytest

import minibig as mb

from .comparison import expect_formula

numbers = np.random.default_rng(3)
KERNELS = {"layer_norm_forward", "layer_norm_backward", "layer_norm_columns"}


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16"])
@pytest.mark.parametrize(("rows", "D"), [((1,), 1), ((9,), 31), ((3, 67), 32), ((130,), 70)])
def test_layer_norm_is_its_formula(cp, dtype, rows, D):
    x, weight, bias = (numbers.standard_normal(s) for s in ((*rows, D), (D,), (D,)))
    assert expect_formula(mb.layer_norm, x, weight, bias, dtype=dtype) == KERNELS


def test_weight_and_bias_may_be_missing(cp):
    x, weight = numbers.standard_normal((5, 40)), numbers.standard_normal(40)
    assert "layer_norm_columns" not in expect_formula(mb.layer_norm, x)
    assert expect_formula(mb.layer_norm, x, weight) == KERNELS
    assert expect_formula(lambda x, b: mb.layer_norm(x, None, b), x, weight) == KERNELS


def test_a_transposed_input_is_read_as_it_is(cp):
    x = numbers.standard_normal((40, 5))
    assert expect_formula(lambda x: mb.layer_norm(x.T), x)

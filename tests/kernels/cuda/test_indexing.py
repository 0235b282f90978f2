import numpy as np
import pytest

import minibig as mb

from .comparison import expect_formula

numbers = np.random.default_rng(4)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("shape", [(1,), (3, 4), (2, 3, 25)])
@pytest.mark.parametrize("D", [1, 33])
def test_a_token_that_comes_often_gathers_all_its_gradients(cp, dtype, shape, D):
    table, ids = numbers.standard_normal((7, D)), numbers.integers(0, 4, shape)
    assert expect_formula(mb.embedding, table, ids, dtype=dtype) == {"embedding_backward"}


def test_ids_may_be_of_any_integer_type(cp):
    table, ids = numbers.standard_normal((7, 3)), numbers.integers(0, 7, 20).astype("uint8")
    expect_formula(mb.embedding, table, ids)


def test_no_ids_give_no_gradient(cp):
    ids = np.zeros((0,), "int64")
    assert expect_formula(mb.embedding, numbers.standard_normal((7, 3)), ids) == set()

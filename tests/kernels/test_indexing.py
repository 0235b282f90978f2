import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import minibig as mb

from .comparison import expect_same, random_tensor

numbers = np.random.default_rng(4)


@given(ids=st.lists(st.integers(0, 6), max_size=30))
def test_a_token_that_comes_often_gathers_all_its_gradients(ids):
    ids = mb.tensor(np.array(ids, dtype=np.int64))
    expect_same(lambda weight: mb.embedding(weight, ids), random_tensor(numbers, 7, 3))


def test_ids_may_have_several_axes_and_any_integer_type():
    ids = mb.tensor(numbers.integers(0, 7, (2, 3, 4)).astype("uint8"))
    expect_same(lambda weight: mb.embedding(weight, ids), random_tensor(numbers, 7, 3))

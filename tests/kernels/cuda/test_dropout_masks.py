import numpy as np
import pytest

import minibig as mb
from minibig.backend import CPU, DropoutKey, keep_mask

from .comparison import expect_formula

numbers = np.random.default_rng(5)
KEYS = [DropoutKey(0), DropoutKey(2**128 - 1, 2**33 + 1), DropoutKey(0x123456789ABCDEF << 60, 7)]


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("shape", [(), (1,), (3, 8), (2, 3, 7), (40, 1), (2, 1001)])
@pytest.mark.parametrize("p", [0.1, 0.5, 1 - 2**-40])
def test_the_mask_is_numpys_philox_to_the_bit(cp, key, shape, p):
    y = mb.dropout(mb.ones(shape, device="cuda"), p=p, key=key)
    np.testing.assert_array_equal(y.numpy() != 0, keep_mask(shape, p, key, CPU))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_the_backward_pass_draws_the_same_mask_again(cp, dtype):
    def f(x):
        return mb.dropout(x, p=0.3, key=DropoutKey(5, 2))

    assert expect_formula(f, numbers.standard_normal((3, 5, 7)), dtype=dtype) == {"masked"}


def test_higher_derivatives_see_the_same_mask(cp):
    x = mb.tensor(numbers.standard_normal((3, 9)), device="cuda")

    def f(x):
        return (mb.dropout(x, p=0.5, key=DropoutKey(5)) ** 3.0).sum()

    y = mb.dropout(mb.ones((3, 9), device="cuda"), p=0.5, key=DropoutKey(5)).numpy()
    second = mb.hvp(f, x, mb.ones((3, 9), device="cuda", dtype="float64"))
    np.testing.assert_allclose(second.numpy(), 6 * x.numpy() * y**3)

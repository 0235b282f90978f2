import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import minibig as mb


@given(size=st.sampled_from([1, 5, 40_000]), t=st.integers(1, 1000), decay=st.floats(0, 0.5))
def test_adamw_in_place_is_its_formula(size, t, decay):
    numbers = np.random.default_rng(size)
    p, g, m = (numbers.standard_normal(size) for _ in range(3))
    v = numbers.random(size)
    settings = dict(lr=0.01, betas=(0.9, 0.99), eps=1e-8, weight_decay=decay, t=t)
    with mb.no_grad(), mb.reference():
        expected = mb.adamw_update(*map(mb.tensor, (p, g, m, v)), **settings)
    inputs = [mb.tensor(x) for x in (p, g, m, v)]
    with mb.no_grad():
        results = mb.adamw_update(*inputs, **settings)
    for result, formula in zip(results, expected, strict=True):
        np.testing.assert_allclose(result.numpy(), formula.numpy(), rtol=1e-13, atol=1e-15)
    assert [r.data is x.data for r, x in zip(results, (inputs[0], *inputs[2:]), strict=True)] == [
        True
    ] * 3
    np.testing.assert_array_equal(inputs[1].numpy(), g)

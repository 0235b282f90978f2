import numpy as np
import pytest

import minibig as mb


@pytest.mark.parametrize(("size", "t", "decay"), [(1, 1, 0.0), (300, 7, 0.1)])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_adamw_in_place_is_its_formula(cp, dtype, size, t, decay):
    numbers = np.random.default_rng(size)
    p, g, m = (numbers.standard_normal(size).astype(dtype) for _ in range(3))
    v = numbers.random(size).astype(dtype)
    settings = dict(lr=0.01, betas=(0.9, 0.99), eps=1e-8, weight_decay=decay, t=t)
    inputs = [mb.tensor(x, device="cuda") for x in (p, g, m, v)]
    with mb.no_grad(), mb.reference():
        exact = [mb.tensor(x.astype("float64")) for x in (p, g, m, v)]
        expected = mb.adamw_update(*exact, **settings)
    with mb.no_grad():
        results = mb.adamw_update(*inputs, **settings)
    places = [inputs[0], *inputs[2:]]
    assert all(result.data is x.data for result, x in zip(results, places, strict=True))
    for result, formula in zip(results, expected, strict=True):
        tolerance = 4 * np.finfo(dtype).eps
        np.testing.assert_allclose(result.numpy(), formula.numpy(), rtol=tolerance, atol=tolerance)
    np.testing.assert_array_equal(inputs[1].numpy(), g)


def test_parts_of_an_array_are_left_to_the_formula(cp):
    p, g, m, v = (mb.tensor(np.ones((4, 3)), device="cuda")[:, ::2] for _ in range(4))
    with mb.no_grad():
        new, *_ = mb.adamw_update(
            p, g, m, v, lr=0.5, betas=(0.9, 0.99), eps=0.0, weight_decay=0.0, t=1
        )
    assert new.data is not p.data

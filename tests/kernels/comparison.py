"""A kernel against its formula: the same outputs, and the same gradients for a random g."""

import numpy as np

import minibig as mb


def random_tensor(numbers, *shape, dtype="float64"):
    """A leaf of normally distributed numbers."""
    return mb.tensor(numbers.standard_normal(shape).astype(dtype), requires_grad=True)


def outputs_and_gradients(f, inputs, reference):
    """What f gives on the inputs, and the gradients of those that require one."""
    leaves = [x for x in inputs if x is not None and x.requires_grad]
    for x in leaves:
        x.grad = None
    if reference:
        with mb.reference():
            y = f(*inputs)
    else:
        y = f(*inputs)
    upstream = np.random.default_rng(7).standard_normal(y.shape).astype(y.dtype)
    y.backward(mb.tensor(upstream))
    return [y.numpy().copy(), *[x.grad.numpy().copy() for x in leaves]]


def expect_same(f, *inputs, tolerance=1e-12):
    """Raise unless kernel and formula agree."""
    fused = outputs_and_gradients(f, inputs, reference=False)
    formula = outputs_and_gradients(f, inputs, reference=True)
    for a, b in zip(fused, formula, strict=True):
        assert a.shape == b.shape
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * abs(b).max(initial=1.0))

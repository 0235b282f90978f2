"""A kernel against its formula: the same outputs, and the same gradients for a random g.

`expect_same` compares in float64, `expect_close` what there is in float32: the chains of NumPy
calls and, where Numba is installed, the compiled loops, each with the formula in float64.
"""

import contextlib
from unittest.mock import patch

import numpy as np

import minibig as mb
from minibig.kernels import loops

KINDS = sorted({loops.NUMPY, loops.kind()})


def random_tensor(numbers, *shape, dtype="float64"):
    """A leaf of normally distributed numbers."""
    return mb.tensor(numbers.standard_normal(shape).astype(dtype), requires_grad=True)


def with_loops(kind):
    """Let kernels use loops of this kind, one of `KINDS`."""
    return patch.object(loops, "kind", lambda: kind)


def outputs_and_gradients(f, inputs, reference, backward=True, sign=np.positive):
    """What f gives on the inputs, and the gradients of those that require one, for sign(g)."""
    leaves = [x for x in inputs if x is not None and x.requires_grad]
    for x in leaves:
        x.grad = None
    with mb.reference() if reference else contextlib.nullcontext():
        y = f(*inputs)
    if not backward:
        return [y.numpy().copy()]
    upstream = np.random.default_rng(7).standard_normal(y.shape).astype("float32").astype(y.dtype)
    y.backward(mb.tensor(sign(upstream)))
    return [y.numpy().copy(), *[x.grad.numpy().copy() for x in leaves]]


def expect_same(f, *inputs, tolerance=1e-12):
    """Raise unless kernel and formula agree."""
    fused = outputs_and_gradients(f, inputs, reference=False)
    formula = outputs_and_gradients(f, inputs, reference=True)
    for a, b in zip(fused, formula, strict=True):
        assert a.shape == b.shape
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * abs(b).max(initial=1.0))


def converted(x, dtype, sign=np.positive):
    """The same numbers in another dtype, as a leaf; None, and what holds no real numbers, stays."""
    if x is None or x.dtype.kind != "f":
        return x
    return mb.tensor(sign(x.numpy()).astype(dtype), requires_grad=x.requires_grad)


def expect_close(f, *inputs, tolerance=3e-6, backward=True, sums=False):
    """Raise unless every kind of loop agrees in float32 with the formula in float64.

    Both have the same inputs, rounded to float32. The tolerance is relative to the largest finite
    number of a result; what is infinite or NaN has to be so in both. If f adds up products (`sums`)
    it is relative to the same sum without its signs: what is added may cancel, its rounding stays.
    """
    single = [converted(x, "float32") for x in inputs]
    double = [converted(x, "float64") for x in single]
    with np.errstate(all="ignore"):
        formula = outputs_and_gradients(f, double, True, backward)
        unsigned = [converted(x, "float64", np.abs) for x in double] if sums else double
        sign = np.abs if sums else np.positive
        added = outputs_and_gradients(f, unsigned, True, backward, sign)
    for kind in KINDS:
        with with_loops(kind):
            results = outputs_and_gradients(f, single, False, backward)
        for got, exact, terms in zip(results, formula, added, strict=True):
            assert got.dtype == np.float32
            size = np.abs(terms[np.isfinite(terms)]).max(initial=0)
            np.testing.assert_allclose(
                got, exact, rtol=tolerance, atol=tolerance * size, err_msg=f"with {kind} loops"
            )

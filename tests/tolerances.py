"""How far two correct floating-point computations of one thing may lie apart.

A sum of n rounded terms is off by about ε·√n of their size, rounding errors being random; c = 32
covers that an operation is a few such sums in a row, and that inputs are amplified a few times
(1/x at x = 0.2). A wrong formula is off by much more than that.
"""

import math

import numpy as np

C = 32


def tolerance(dtype, n):
    """c·ε(dtype)·√n, relative to the largest element."""
    return C * float(np.finfo(dtype).eps) * math.sqrt(max(n, 1))


def assert_close(actual, expected, dtype, n):
    """Equal shapes, NaN and ∞ at the same places, and all else within the tolerance."""
    actual, expected = np.asarray(actual), np.asarray(expected)
    assert actual.shape == expected.shape
    finite = np.isfinite(expected)
    size = max(1.0, float(np.abs(expected[finite]).max(initial=0.0)))
    atol = tolerance(dtype, n) * size
    floats = actual.dtype.kind == expected.dtype.kind == "f" and finite.all()
    if floats and (np.abs(actual - expected) <= atol).all():
        return  # as a rule; what follows takes its time
    np.testing.assert_allclose(actual, expected, rtol=0, atol=atol)

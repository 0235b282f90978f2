"""The error function on arrays: its Taylor series around the nearest multiple of 1/32.

    erf(a + h) = erf a + 2/√π·e^(−a²) · Σₙ Tₙ        T₀ = h,  T₁ = −a·h²,
    Tₙ₊₁ = −2ah/(n + 2) · Tₙ − 2nh²/((n + 1)(n + 2)) · Tₙ₋₁

The recurrence is that of the Hermite polynomials, which the derivatives of e^(−a²) are made of.
With |h| ≤ 1/64, 4 terms reach float32 and 8 reach float64; erf a and e^(−a²) come from a table of
193 numbers. At 6 and beyond the result is ±1.
"""

import functools
import math
from typing import Any

import numpy as np

from minibig.backend import Array, namespace

_STEPS = 32  # table entries per unit: a power of two, so that a and h are exact
_LIMIT = 6


@functools.cache
def _table(xp: Any, dtype: Any, device: int) -> tuple[Any, Any]:
    """erf a and 2/√π·e^(−a²) for a = 0, 1/32, ..., 6, on one device."""
    points = [i / _STEPS for i in range(_LIMIT * _STEPS + 1)]
    values = [math.erf(a) for a in points]
    slopes = [2 / math.sqrt(math.pi) * math.exp(-a * a) for a in points]
    return xp.asarray(np.array(values, dtype)), xp.asarray(np.array(slopes, dtype))


def erf_of(x: Array) -> Array:
    """erf x, element by element, to about one unit in the last place.

    >>> x = np.linspace(-3, 3, 101)
    >>> bool(abs(erf_of(x) - [math.erf(each) for each in x]).max() < 3e-16)
    True
    """
    xp = namespace(x)
    if x.dtype.kind != "f":
        return erf_of(xp.asarray(x).astype("float32"))
    if x.dtype == np.float16:
        return erf_of(x.astype("float32")).astype("float16")
    size = xp.minimum(abs(x), _LIMIT)
    known = size == size
    nearest = xp.rint(xp.where(known, size, 0) * _STEPS)
    device = 0 if xp is np else x.device.id  # type: ignore[attr-defined]
    values, slopes = _table(xp, x.dtype, device)
    index = nearest.astype(np.int32)
    a = nearest * (1 / _STEPS)
    h = size - a
    before, term = xp.zeros_like(h), h
    total = h
    for n in range(3 if x.dtype == np.float32 else 7):
        after = (-2 / (n + 2)) * (a * h * term) - (2 * n / ((n + 1) * (n + 2))) * (h * h * before)
        before, term = term, after
        total = total + term
    return xp.copysign(values[index] + slopes[index] * total, x)

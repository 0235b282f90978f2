"""Does a mutant change anything? Outputs and gradients on random inputs, compared with the rule's.

What changes no value (the size of a block, an order of summation, a check that is never reached)
is no fault that a test could find, and does not count.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from ops.specifications import ROWS, Specification
from ops.test_specifications import outputs_and_gradients, to_float32

import minibig as mb

EXAMPLES = 60
Values = list[tuple[np.ndarray | None, ...]]


def _large(name: str, *shapes: tuple[int, ...], **keywords: Any) -> Specification:
    """Inputs of a size at which a kernel works in several blocks."""

    def inputs(draw: Any) -> tuple[list[np.ndarray], dict[str, Any]]:
        rng = np.random.default_rng(len(shapes))
        arrays = [rng.standard_normal(shape) / math.sqrt(shape[-1]) for shape in shapes]
        if name == "cross_entropy":
            arrays.append(rng.integers(0, shapes[0][-1], shapes[0][:-1]))
        return arrays, keywords

    return Specification(name, getattr(mb, name), inputs, np.array)


LARGE = [
    _large("linear", (300, 40), (40, 90), (90,)),
    _large("linear", (300, 90), (90, 40), (40,)),
    _large("feed_forward", (300, 40), (40, 160), (160,), (160, 40), (40,), activation=mb.gelu_tanh),
    _large("layer_norm", (3, 700, 130), (130,), (130,)),
    _large("cross_entropy", (400, 1500), label_smoothing=0.1),
    _large("attention", *[(2, 3, 200, 16)] * 3, causal=True),
    _large("attention", *[(2, 3, 200, 16)] * 3),
]


def values(row: Specification) -> Values:
    """What an operation and its derivative give on the same random inputs each time."""
    found: Values = []

    @settings(max_examples=EXAMPLES, derandomize=True, database=None, deadline=None,
              phases=[Phase.generate])  # fmt: skip
    @given(data=st.data())
    def collect(data: Any) -> None:
        arrays, keywords = row.inputs(data.draw)
        for given_arrays in (arrays, to_float32(arrays)):
            copies = [x.copy() for x in given_arrays]
            ys, gradients = outputs_and_gradients(row, copies, keywords)
            found.append(tuple(None if x is None else x.numpy() for x in (*ys, *gradients)))

    with np.errstate(all="ignore"):
        collect()
    return found


def rows_called(names: set[str]) -> list[Specification]:
    """The rows of these operations, small and large."""
    return [row for row in (*ROWS, *LARGE) if row.name in names]


def differ(rows: list[Specification], before: Callable[[Specification], Values]) -> bool:
    """Whether any value is now another one, or cannot be computed."""
    for row in rows:
        expected = before(row)
        try:
            actual = values(row)
        except BaseException:
            return True
        if len(actual) != len(expected) or not all(map(_same, actual, expected)):
            return True
    return False


def _same(one: tuple[np.ndarray | None, ...], other: tuple[np.ndarray | None, ...]) -> bool:
    for a, b in zip(one, other, strict=True):
        if (a is None) != (b is None):
            return False
        if a is None or b is None:
            continue
        if a.dtype != b.dtype or a.shape != b.shape:
            return False
        tolerance = 1e-9 if b.dtype == np.float64 else 1e-4
        scale = np.abs(b[np.isfinite(b)]).max(initial=1.0) if b.dtype.kind == "f" else 1.0
        if not np.allclose(a, b, rtol=tolerance, atol=tolerance * scale, equal_nan=True):
            return False
    return True

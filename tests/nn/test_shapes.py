"""Shapes of the inputs of layers: expected, got, what to do."""

import numpy as np
import pytest

from minibig.backend import InputError
from minibig.nn.shapes import expect_axes


@pytest.mark.parametrize(
    ("shape", "pattern", "sizes"),
    [
        ((2, 3), "B D", {}),
        ((2, 3), "B D", {"D": 3}),
        ((), "", {}),
        ((3,), "... D", {"D": 3}),
        ((5, 4, 3), "... D", {"D": 3}),
        ((3, 5, 4), "V ...", {"V": 3}),
        ((2, 9, 9, 3), "B ... D", {"B": 2, "D": 3}),
        ((2,), "...", {}),
        ((4, 4), "N N", {}),
    ],
)
def test_a_fitting_shape_passes(shape, pattern, sizes):
    expect_axes("x", np.zeros(shape), pattern, **sizes)


@pytest.mark.parametrize(
    ("shape", "pattern", "sizes", "words"),
    [
        ((2, 3), "B D", {"D": 4}, r"x must have shape \(B, D\) with D = 4; got \(2, 3\)"),
        ((2,), "T D", {}, r"\(T, D\); got \(2,\)\.$"),
        ((3, 4), "B T D", {}, r"Add a batch axis with x\[None\]"),
        ((), "... D", {}, r"\(\.\.\., D\); got \(\)"),
        ((2, 3), "", {}, r"\(\); got \(2, 3\)"),
        ((2, 3), "N N", {}, r"\(N, N\).*got \(2, 3\)"),
        ((2, 9, 4), "B ... D", {"D": 3}, "D = 3"),
    ],
)
def test_a_shape_that_does_not_fit_is_named(shape, pattern, sizes, words):
    with pytest.raises(InputError, match=words):
        expect_axes("x", np.zeros(shape), pattern, **sizes)

"""The doctor's tests pass here, and fail where something is wrong."""

import re

import numpy as np
import pytest

from minibig.diagnosis import self_test
from minibig.diagnosis.self_test import TESTS


@pytest.fixture(autouse=True)
def _short(monkeypatch):
    monkeypatch.setattr(self_test, "_SECONDS", 0.001)


@pytest.mark.parametrize(
    ("name", "measured"),
    [
        ("gradient check", "to the second order"),
        ("kernels and formulas", r"29 arrays agree to \de[-+]\d+|the kernels are off.*"),
        ("checkpoint and back", r"0\.9 MB to the bit"),
        ("matrix product", r"[\d,]+ GFLOP/s in float32"),
        ("memory bandwidth", r"[\d.,]+ GB/s"),
        ("training step", r"[\d,]+ ms, [\d,]+ tokens/s"),
    ],
)
def test_what_is_measured(name, measured):
    assert re.fullmatch(measured, TESTS[name]())


def test_a_wrong_derivative_is_found(monkeypatch):
    from minibig.autograd import primitive

    wrong = primitive(lambda x, /: x * x)
    wrong.defvjp(x=lambda g, x: g * x)
    right = self_test.layer_norm
    monkeypatch.setattr(self_test, "layer_norm", lambda x, w, b: wrong(right(x, w, b)))
    with pytest.raises(AssertionError, match="order 1"):
        self_test.gradient_check()


def test_a_wrong_kernel_is_found(monkeypatch):
    from minibig.autograd.state import state

    right = self_test.cross_entropy

    def wrong(logits, targets):
        return right(logits, targets) * (1.01 if state.kernels else 1.0)

    if not state.kernels:
        pytest.skip("the kernels are off")
    monkeypatch.setattr(self_test, "cross_entropy", wrong)
    with pytest.raises(AssertionError, match="kernels and formulas differ by"):
        self_test.kernels_against_formulas()


def test_a_changed_checkpoint_is_found(monkeypatch):
    right = self_test.load_checkpoint

    def wrong(folder):
        arrays, state = right(folder)
        return {name: np.nextafter(x, np.float32(9)) for name, x in arrays.items()}, state

    monkeypatch.setattr(self_test, "load_checkpoint", wrong)
    with pytest.raises(AssertionError, match="came back changed"):
        self_test.checkpoint_and_back()

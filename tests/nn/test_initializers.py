import math

import numpy as np
import pytest

import minibig as mb
from minibig.nn import (
    glorot_normal,
    glorot_uniform,
    he_normal,
    he_uniform,
    normal_weights,
    uniform_weights,
)

IN, OUT = 300, 500
STANDARD_DEVIATIONS = {
    glorot_uniform: math.sqrt(2 / (IN + OUT)),
    glorot_normal: math.sqrt(2 / (IN + OUT)),
    he_uniform: math.sqrt(2 / IN),
    he_normal: math.sqrt(2 / IN),
}


@pytest.mark.parametrize("initializer", STANDARD_DEVIATIONS)
def test_the_variance_is_that_of_the_paper(initializer):
    weights = initializer((IN, OUT)).numpy()
    std = STANDARD_DEVIATIONS[initializer]
    assert weights.dtype == np.float32
    assert abs(weights.mean()) < 5 * std / math.sqrt(IN * OUT)
    assert abs(weights.std() / std - 1) < 0.01


def test_uniform_values_stay_within_the_bound_and_reach_it():
    weights = uniform_weights((100_000,), 0.3).numpy()
    assert -0.3 <= weights.min() < -0.299 and 0.299 < weights.max() <= 0.3


def test_normal_values_have_the_tails_of_a_normal_distribution():
    weights = normal_weights((100_000,), std=2.0).numpy() / 2
    assert abs((np.abs(weights) > 1.959964).mean() - 0.05) < 0.004


def test_a_seed_decides_the_weights_and_other_streams_do_not():
    mb.manual_seed(3)
    first = glorot_uniform((4, 4)).tolist()
    mb.manual_seed(3)
    mb.normal((10,))
    assert glorot_uniform((4, 4)).tolist() == first
    assert glorot_uniform((4, 4)).tolist() != first


def test_signals_keep_their_size_through_many_layers():
    mb.manual_seed(0)
    x = mb.normal((64, 256))
    for _ in range(20):
        x = mb.relu(x @ he_normal((256, 256)))
    assert 0.2 < (x * x).mean().item() / 0.5 < 5


@pytest.mark.parametrize("shape", [(), (3,), (0, 3)])
def test_a_shape_without_in_and_out_is_refused(shape):
    for initializer in STANDARD_DEVIATIONS:
        with pytest.raises(mb.InputError, match=r"needs a shape \(in, out\)"):
            initializer(shape)


@pytest.mark.parametrize("size", [0.0, -1.0, math.inf, math.nan])
def test_a_size_that_is_not_positive_is_refused(size):
    with pytest.raises(mb.InputError, match="std must be a number above 0"):
        normal_weights((2, 2), size)
    with pytest.raises(mb.InputError, match="bound must be a number above 0"):
        uniform_weights((2, 2), size)

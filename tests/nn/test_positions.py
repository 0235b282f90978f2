import math

import numpy as np
import pytest

import minibig as mb
from minibig.nn import LearnedPositions, MultiHeadAttention, RotaryPositions, SinusoidalPositions


def test_sinusoidal_positions_follow_the_formula():
    table = SinusoidalPositions(20, 6)(20).numpy()
    for t in range(20):
        for i in range(3):
            angle = t / 10000 ** (2 * i / 6)
            assert abs(table[t, 2 * i] - math.sin(angle)) < 1e-6
            assert abs(table[t, 2 * i + 1] - math.cos(angle)) < 1e-6


def test_a_shift_of_sinusoidal_positions_is_the_same_rotation_everywhere():
    table = SinusoidalPositions(50, 8)(50).numpy()
    as_complex = table[:, 1::2] + 1j * table[:, 0::2]  # cos + i·sin
    for k in (1, 7, 30):
        turn = np.exp(1j * k / 10000 ** (np.arange(0, 8, 2) / 8))
        np.testing.assert_allclose(as_complex[: 50 - k] * turn, as_complex[k:], atol=1e-5)


@pytest.mark.parametrize("positions", [LearnedPositions(12, 6), SinusoidalPositions(12, 6)])
def test_positions_from_a_start_are_those_rows_of_the_whole_table(positions):
    assert (positions(3, start=9).numpy() == positions(12).numpy()[9:]).all()


@pytest.mark.parametrize("positions", [LearnedPositions(12, 6), SinusoidalPositions(12, 6)])
@pytest.mark.parametrize(("T", "start"), [(13, 0), (1, 12), (5, 8), (1, -1)])
def test_positions_outside_the_context_are_refused(positions, T, start):
    with pytest.raises(mb.InputError, match="the context holds 12 positions"):
        positions(T, start)


def test_learned_positions_send_gradients_to_the_rows_used():
    positions = LearnedPositions(4, 2)
    positions(2, start=1).sum().backward()
    assert positions.weight.grad.tolist() == [[0, 0], [1, 1], [1, 1], [0, 0]]


def test_tables_that_can_be_computed_again_are_not_saved():
    assert SinusoidalPositions(4, 2).state_dict() == {}
    assert RotaryPositions(2, 4).state_dict() == {}
    assert len(list(RotaryPositions(2, 4).buffers())) == 2


def test_rotary_positions_turn_pairs_as_complex_numbers():
    x = np.random.default_rng(0).standard_normal((2, 3, 10, 6))
    y = RotaryPositions(6, 30).to("float64")(mb.tensor(x), start=4).numpy()
    as_complex = x[..., 0::2] + 1j * x[..., 1::2]
    for t in range(10):
        for i in range(3):
            turned = as_complex[..., t, i] * np.exp(1j * (t + 4) / 10000 ** (2 * i / 6))
            np.testing.assert_allclose(y[..., t, 2 * i], turned.real, atol=1e-6)
            np.testing.assert_allclose(y[..., t, 2 * i + 1], turned.imag, atol=1e-6)


def test_rotary_scores_depend_on_distances_only():
    rotary = RotaryPositions(8, 100)
    q, k = mb.normal((1, 8)), mb.normal((1, 8))

    def score(t, s):
        return (rotary(q, t) * rotary(k, s)).sum().item()

    assert abs(score(5, 2) - score(93, 90)) < 1e-4
    assert abs(score(5, 2) - score(5, 4)) > 1e-3


def test_attention_with_rotary_positions_sees_the_order():
    rotary = MultiHeadAttention(8, 2, rotary=RotaryPositions(4, 16))
    plain = MultiHeadAttention(8, 2)
    x = mb.normal((1, 5, 8))
    backwards = mb.Tensor(x.data[:, ::-1])
    assert np.allclose(plain(x).numpy()[:, ::-1], plain(backwards).numpy(), atol=1e-5)
    assert not np.allclose(rotary(x).numpy()[:, ::-1], rotary(backwards).numpy(), atol=1e-3)


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (lambda: SinusoidalPositions(4, 3), "need an even width; got 3"),
        (lambda: RotaryPositions(5, 4), "need an even width; got 5"),
        (lambda: RotaryPositions(4, 4, base=0.0), "base must be a number above 1; got 0.0"),
        (lambda: LearnedPositions(0, 4), "context_length must be a whole number"),
        (lambda: RotaryPositions(4, 4)(mb.ones((3, 6))), r"K = 4; got \(3, 6\)"),
        (lambda: RotaryPositions(4, 4)(mb.ones((3, 4)), 2), "the context holds 4 positions"),
    ],
)
def test_what_does_not_fit_is_refused(build, sentence):
    with pytest.raises(mb.InputError, match=sentence):
        build()

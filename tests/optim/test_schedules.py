"""Schedules: their formulas, their corners, and no jump between warm-up and decay."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minibig.backend import InputError
from minibig.optim import (
    constant_schedule,
    cosine_schedule,
    inverse_square_root_schedule,
    linear_schedule,
)

rates = st.floats(1e-6, 1.0)
warmups = st.integers(0, 300)
decaying = pytest.mark.parametrize("schedule", [linear_schedule, cosine_schedule])


def every_schedule(lr, warmup, total, min_lr):
    return [
        constant_schedule(lr, warmup_steps=warmup),
        linear_schedule(lr, total_steps=total, warmup_steps=warmup, min_lr=min_lr),
        cosine_schedule(lr, total_steps=total, warmup_steps=warmup, min_lr=min_lr),
        inverse_square_root_schedule(lr, warmup_steps=warmup),
    ]


@given(rates, warmups, st.integers(1, 1000), st.floats(0, 1))
def test_every_schedule_rises_to_lr_and_never_rises_again(lr, warmup, after, share):
    for schedule in every_schedule(lr, warmup, warmup + after, share * lr):
        values = [schedule(step) for step in range(warmup + after + 2)]
        assert max(values) == pytest.approx(lr) and min(values) >= 0
        assert values[warmup] == pytest.approx(lr)
        assert all(a < b for a, b in pairwise(values[: warmup + 1]))
        later = values[warmup:]
        assert all(a >= b - 1e-15 for a, b in pairwise(later))


@given(rates, warmups, st.integers(1, 1000), st.floats(0, 1))
def test_warm_up_is_a_straight_line_from_the_first_step(lr, warmup, after, share):
    for schedule in every_schedule(lr, warmup, warmup + after, share * lr):
        for step in range(warmup):
            assert schedule(step) == pytest.approx(lr * (step + 1) / (warmup + 1))


@decaying
def test_a_decay_ends_at_min_lr_and_stays_there(schedule):
    rate = schedule(1.0, total_steps=10, warmup_steps=2, min_lr=0.1)
    assert [rate(step) for step in (10, 11, 10**9)] == pytest.approx([0.1] * 3)
    assert rate(9) > 0.1


@decaying
def test_halfway_through_the_decay_the_rate_is_halfway(schedule):
    assert schedule(1.0, total_steps=12, warmup_steps=2, min_lr=0.2)(7) == pytest.approx(0.6)


@decaying
@given(total=st.integers(100, 3000), warmup=st.integers(0, 50))
def test_a_decay_never_jumps(schedule, total, warmup):
    rate = schedule(1.0, total_steps=total, warmup_steps=warmup)
    steepest = math.pi / 2 / (total - warmup)
    values = [rate(step) for step in range(warmup, total + 2)]
    assert all(a - b <= steepest * 1.0001 for a, b in pairwise(values))


def test_cosine_is_that_of_nanogpt():
    """learning_rate 1e-3, warmup_iters 100, lr_decay_iters 2000, min_lr 1e-4: worked by hand."""
    rate = cosine_schedule(1e-3, total_steps=2000, warmup_steps=100, min_lr=1e-4)
    assert rate(0) == pytest.approx(1e-3 / 101)
    assert rate(99) == pytest.approx(1e-3 * 100 / 101)
    assert rate(100) == pytest.approx(1e-3)
    assert rate(575) == pytest.approx(1e-4 + 9e-4 * (0.5 + math.sqrt(0.5) / 2))
    assert rate(2000) == rate(5000) == pytest.approx(1e-4)


def test_inverse_square_root_is_that_of_the_transformer():
    D, w = 512, 3999  # 4000 warm-up steps, counted from 1
    rate = inverse_square_root_schedule(1 / math.sqrt(D * (w + 1)), warmup_steps=w)
    for step in (0, 1, 2000, 3998, 3999, 4000, 100_000):
        t = step + 1
        assert rate(step) == pytest.approx(D**-0.5 * min(t**-0.5, t * 4000**-1.5))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: constant_schedule(-1.0), "lr must be a number of at least 0; got -1.0"),
        (lambda: constant_schedule(math.inf), "lr must be a number of at least 0; got inf"),
        (lambda: constant_schedule("1"), "lr must be a number of at least 0; got '1'"),
        (lambda: constant_schedule(1.0, warmup_steps=-1), "warmup_steps must be a whole number"),
        (lambda: constant_schedule(1.0, warmup_steps=0.5), "warmup_steps must be a whole number"),
        (lambda: constant_schedule(1.0)(-1), "step must be a whole number of at least 0; got -1"),
        (lambda: constant_schedule(1.0)(1.5), "step must be a whole number of at least 0; got 1.5"),
        (lambda: constant_schedule(1.0)(True), "step must be a whole number of at least 0; got T"),
        (lambda: linear_schedule(1.0, total_steps=0), "total_steps must be more than"),
        (lambda: linear_schedule(1.0, total_steps=9, min_lr=2.0), "min_lr must be at most lr"),
        (lambda: linear_schedule(1.0, total_steps=9.0), "total_steps must be a whole number"),
        (lambda: cosine_schedule(1.0, total_steps=5, warmup_steps=5), "shorten the warm-up"),
        (lambda: cosine_schedule(1.0, total_steps=5, min_lr=-0.1), "min_lr must be a number of"),
        (lambda: cosine_schedule(1.0, total_steps="5"), "total_steps must be a whole number"),
        (lambda: inverse_square_root_schedule(-1.0, warmup_steps=1), "lr must be"),
        (lambda: inverse_square_root_schedule(1.0, warmup_steps=None), "warmup_steps must be a"),
    ],
)
def test_wrong_uses_are_refused_with_a_sentence(make, words):
    with pytest.raises(InputError, match=words):
        make()

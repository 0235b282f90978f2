import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minibig as mb
from minibig.backend import generator
from minibig.generation import (
    Sampling,
    draw,
    keep_top_k,
    keep_top_p,
    penalize_repetition,
    probabilities,
    scale_temperature,
)

numbers = st.floats(-20, 20, width=32)
rows = st.integers(1, 12).flatmap(
    lambda V: st.lists(st.lists(numbers, min_size=V, max_size=V), min_size=1, max_size=3)
)


def arrays(values):
    return np.array(values, "float32")


@given(rows)
def test_probabilities_are_a_softmax_row_by_row(values):
    p = probabilities(arrays(values))
    assert p.dtype == np.float64
    for row, given_row in zip(p, arrays(values).tolist(), strict=True):
        e = [math.exp(x - max(given_row)) for x in given_row]
        np.testing.assert_allclose(row, [x / sum(e) for x in e], rtol=1e-12)


@given(rows, st.floats(0.05, 10))
def test_temperature_raises_probabilities_to_a_power(values, temperature):
    logits = arrays(values).astype("float64")
    p = probabilities(logits) ** (1 / temperature)
    expected = p / p.sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(
        probabilities(scale_temperature(logits, temperature)), expected, rtol=1e-6, atol=1e-12
    )


@given(rows, st.integers(1, 15))
def test_top_k_keeps_the_k_largest_and_what_equals_the_last(values, k):
    logits = arrays(values)
    kept = keep_top_k(logits, k)
    assert kept.dtype == logits.dtype
    for row, result in zip(logits, kept, strict=True):
        smallest = sorted(row, reverse=True)[: min(k, len(row))][-1]
        assert [x if x >= smallest else -math.inf for x in row] == result.tolist()


@given(rows, st.floats(0.01, 1))
def test_top_p_keeps_the_smallest_set_that_reaches_p(values, p):
    logits = arrays(values)
    result = keep_top_p(logits, p)
    for row, kept_row in zip(logits, result, strict=True):
        probability = probabilities(row[None])[0]
        kept = np.isfinite(kept_row)
        assert kept.any() and (kept_row[kept] == row[kept]).all()
        assert probability[kept].sum() >= p - 1e-9
        least = probability[kept].min()
        assert probability[kept].sum() - least < p + 1e-9
        assert (probability[~kept] <= least).all()


def nucleus_by_sorting(row, p):
    """The definition: all tokens, likeliest first; as many as add up to p."""
    order = np.argsort(-row, kind="stable")
    sums = np.cumsum(probabilities(row[None])[0][order])
    return set(order[: np.searchsorted(sums, p) + 1].tolist())


@pytest.mark.parametrize("spread", [0.01, 1, 4, 30])
@pytest.mark.parametrize("digits", [0, 1, 7])  # few digits: many tokens are equal
@pytest.mark.parametrize("p", [0.03, 0.5, 0.95, 0.9999])
def test_top_p_of_a_large_vocabulary_is_what_sorting_all_of_it_gives(spread, digits, p):
    logits = np.random.default_rng(0).standard_normal((2, 5000)) * spread
    logits = logits.round(digits).astype("float32")
    logits[1, 100:] = -np.inf
    for row, kept in zip(logits, keep_top_p(logits, p), strict=True):
        found = np.flatnonzero(np.isfinite(kept))
        assert set(found.tolist()) == nucleus_by_sorting(row, p)
        assert (kept[found] == row[found]).all()


@pytest.mark.parametrize("restricted", [{}, {"top_k": 3}, {"top_p": 0.3}])
def test_temperature_0_takes_the_first_of_the_likeliest(restricted):
    logits = arrays([[1, 5, 5, 2], [-math.inf, 0, 0, 0]])
    sampling = Sampling(temperature=0, **restricted)
    assert sampling.choose(logits, np.zeros((2, 1), int), []).tolist() == [1, 1]


def test_of_equal_tokens_top_p_keeps_the_first():
    kept = np.isfinite(keep_top_p(np.zeros((1, 64)), 0.5))
    assert kept.tolist() == [[True] * 32 + [False] * 32]


def test_a_tiny_p_is_the_likeliest_token_alone():
    assert np.isfinite(keep_top_p(arrays([[1, 5, 3]]), 1e-9)).tolist() == [[False, True, False]]


def test_what_top_k_ruled_out_stays_out():
    logits = keep_top_k(arrays([[1, 2, 3, 4]]), 2)
    assert np.isfinite(keep_top_p(logits, 0.999999)).tolist() == [[False, False, True, True]]


@given(rows, st.data(), st.floats(1.0, 4))
def test_a_penalty_never_makes_a_token_that_occurred_likelier(values, data, penalty):
    logits = arrays(values)
    B, V = logits.shape
    ids = np.array(data.draw(st.lists(st.lists(st.integers(0, V - 1), min_size=3, max_size=3),
                                      min_size=B, max_size=B)))  # fmt: skip
    result = penalize_repetition(logits, ids, penalty)
    for b in range(B):
        for v in range(V):
            x = logits[b, v]
            expected = x if v not in ids[b] else x / penalty if x > 0 else x * penalty
            np.testing.assert_allclose(result[b, v], expected, rtol=1e-6)
            assert result[b, v] <= x


def test_nothing_changes_the_logits_it_was_given():
    logits = arrays([[1, 2, 3]])
    logits.flags.writeable = False
    scale_temperature(logits, 0.5)
    keep_top_k(logits, 1)
    keep_top_p(logits, 0.5)
    penalize_repetition(logits, np.array([[0]]), 2.0)
    assert logits.tolist() == [[1, 2, 3]]


def chi_square(counts, p):
    expected = p * counts.sum()
    return ((counts - expected) ** 2 / expected).sum()


@pytest.mark.parametrize("seed", range(3))
def test_draws_follow_the_distribution(seed):
    """6 degrees of freedom: a sum beyond 22.5 has a chance of 0.001."""
    p = np.array([0.02, 0.08, 0.0, 0.4, 0.1, 0.1, 0.25, 0.05])
    source = generator(seed, "test")
    tokens = draw(np.tile(p, (20_000, 1)), [source] * 20_000)
    counts = np.bincount(tokens, minlength=8)
    assert counts[2] == 0
    assert chi_square(counts[p > 0], p[p > 0]) < 22.5


class Extreme:
    """A generator that always draws one number."""

    def __init__(self, u):
        self.u = u

    def random(self):
        return self.u


@pytest.mark.parametrize("u", [0.0, 0.5, 1 - 2**-53])
def test_an_impossible_token_is_never_drawn(u):
    p = probabilities(np.array([[-np.inf, 0.1, -np.inf, 0.3, 0.2, -np.inf]]))
    assert draw(p, [Extreme(u)])[0] in (1, 3, 4)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda x: scale_temperature(x, 0.0), "temperature must be a number above 0; got 0.0"),
        (lambda x: scale_temperature(x, math.nan), "temperature must be"),
        (lambda x: scale_temperature(x, math.inf), "temperature must be"),
        (lambda x: keep_top_k(x, 0), "top_k must be a whole number of at least 1; got 0"),
        (lambda x: keep_top_k(x, 1.5), "top_k must be"),
        (lambda x: keep_top_k(x, True), "top_k must be"),
        (lambda x: keep_top_p(x, 0.0), "top_p must be a number above 0 and of at most 1; got 0.0"),
        (lambda x: keep_top_p(x, 1.1), "top_p must be"),
        (lambda x: keep_top_p(x, math.nan), "top_p must be"),
        (lambda x: penalize_repetition(x, np.array([[0]]), 0.0), "repetition_penalty must be"),
        (lambda x: penalize_repetition(x, np.array([[0]]), -1.0), "repetition_penalty must be"),
        (lambda x: penalize_repetition(x, np.array([[0]]), math.nan), "repetition_penalty must"),
    ],
)
def test_settings_that_make_no_sense_are_refused(call, sentence):
    with pytest.raises(mb.InputError, match=sentence):
        call(np.array([[1.0, 2.0]]))


@pytest.mark.parametrize(
    ("logits", "sentence"),
    [
        ([[0.0, math.nan]], "the logits hold NaN or infinity"),
        ([[0.0, math.inf]], "the logits hold NaN or infinity"),
        ([[0.0, 1.0], [-math.inf, -math.inf]], "every token of a row was ruled out"),
    ],
)
def test_logits_without_a_distribution_are_refused(logits, sentence):
    with pytest.raises(mb.InputError, match=sentence):
        probabilities(np.array(logits))

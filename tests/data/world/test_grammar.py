"""Entropy, length and probability of small grammars, against sums over every derivation."""

import math
import random
from collections import Counter

import pytest
from derivations import derivations
from hypothesis import given
from hypothesis import strategies as st
from readings import read

from minibig.backend import InputError
from minibig.data.world.grammar import Arrangement, Choice, Concatenation, Literal


def arrangements(parts):
    """Arrangements of some of the parts, sometimes with others for the first place."""
    return st.lists(parts, min_size=1, max_size=3).flatmap(
        lambda chosen: st.builds(
            lambda k, first: Arrangement(chosen, k, first=first),
            st.integers(1, len(chosen)),
            st.none() | st.lists(parts, min_size=len(chosen), max_size=len(chosen)),
        )
    )


def weighted(parts):
    return st.lists(st.tuples(parts, st.floats(0.1, 9)), min_size=1, max_size=3).map(
        lambda pairs: Choice([part for part, _ in pairs], [weight for _, weight in pairs])
    )


texts = st.builds(Literal, st.text("ab你", max_size=2))
once = texts | weighted(texts)
grammars = (
    once | weighted(once) | arrangements(once) | st.lists(once, max_size=3).map(Concatenation)
)


@given(grammars)
def test_entropy_and_bytes_are_sums_over_all_derivations(grammar):
    all_of_them = derivations(grammar)
    assert math.fsum(p for _, p in all_of_them) == pytest.approx(1)
    entropy = -math.fsum(p * math.log(p) for _, p in all_of_them)
    n_bytes = math.fsum(p * len(text.encode()) for text, p in all_of_them)
    assert grammar.entropy == pytest.approx(entropy, abs=1e-12)
    assert grammar.expected_bytes == pytest.approx(n_bytes)


@given(grammars, st.text("ab你", max_size=4))
def test_a_text_is_read_in_every_way_it_can_be_derived(grammar, other):
    count, probability = Counter(), Counter()
    for text, p in derivations(grammar):
        count[text] += 1
        probability[text] += p
    for text in [*count, other]:
        reading = read(grammar, text)
        assert reading.derivations == count[text]
        assert reading.probability == pytest.approx(probability[text])


@given(grammars, st.integers(0, 99))
def test_what_is_drawn_is_a_text_of_the_grammar_and_depends_on_the_seed_alone(grammar, seed):
    text = grammar.draw(random.Random(seed))
    assert read(grammar, text).derivations >= 1
    assert grammar.draw(random.Random(seed)) == text


def test_texts_are_drawn_as_often_as_their_probability_says():
    a, b, c = Literal("a"), Literal("b"), Literal("c")
    grammar = Choice([Arrangement([a, b, c], 2), Concatenation([c, b, a])], [3, 1])
    source = random.Random(0)
    drawn = Counter(grammar.draw(source) for _ in range(8000))
    expected = {text: 8000 * p for text, p in derivations(grammar)}
    assert drawn.keys() == expected.keys()
    chi_squared = sum((drawn[text] - n) ** 2 / n for text, n in expected.items())
    assert chi_squared < 24.3  # 6 degrees of freedom, one in two thousand


def test_an_ambiguous_grammar_is_found_out():
    twice = Choice([Literal("ab"), Concatenation([Literal("a"), Literal("b")])])
    assert read(twice, "ab") == (2, 1.0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Choice([]), "needs parts"),
        (lambda: Choice([Literal("a")], [0.0]), "positive weight"),
        (lambda: Choice([Literal("a")], [1, 2]), "positive weight"),
        (lambda: Arrangement([Literal("a")], 2), "1 <= k <= n"),
        (lambda: Arrangement([Literal("a")], 0), "1 <= k <= n"),
        (lambda: Arrangement([Literal("a")], 1, first=[]), "may come first"),
    ],
)
def test_wrong_uses_are_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()

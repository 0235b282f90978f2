from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from minibig.tokenizers.byte_level_bpe.pair_merging import (
    BOUNDARY,
    Merges,
    encode_long,
    encode_short,
    merge_pair,
    tokens_in,
)


@st.composite
def merge_lists(draw):
    """Spelled tokens over a, b, c and merges in a possible order, also two ways to one token."""
    tokens, merges, used = ["a", "b", "c"], [], set()
    for _ in range(draw(st.integers(0, 12))):
        pair = draw(st.sampled_from(tokens)), draw(st.sampled_from(tokens))
        if pair not in merges and "".join(pair) not in used:
            merges.append(pair)
            used.update(pair)
            if "".join(pair) not in tokens:
                tokens.append("".join(pair))
    return tokens, merges


def in_ids(tokens, merges):
    pairs = [(tokens.index(left), tokens.index(right)) for left, right in merges]
    made = [tokens.index(left + right) for left, right in merges]
    return Merges(pairs, made, {pair: rank for rank, pair in enumerate(pairs)})


def by_plain_loops(word, merges):
    """All pairs of the lowest rank at a time, left to right, as in GPT-2's own code."""
    word = list(word)
    while True:
        present = [pair for pair in merges if pair in pairwise(word)]
        if not present:
            return word
        merged, i = [], 0
        while i < len(word):
            if tuple(word[i : i + 2]) == present[0]:
                merged.append(word[i] + word[i + 1])
                i += 2
            else:
                merged.append(word[i])
                i += 1
        word = merged


@given(merge_lists(), st.text("abc", max_size=40))
def test_both_ways_agree_with_plain_loops(vocabulary, word):
    tokens, merges = vocabulary
    expected = [tokens.index(token) for token in by_plain_loops(word, merges)]
    ids = [tokens.index(character) for character in word]
    assert encode_short(ids, in_ids(tokens, merges)) == expected
    assert encode_long(ids, in_ids(tokens, merges), list(map(len, tokens))) == expected


@given(st.lists(st.integers(0, 2)))
def test_the_input_is_left_alone(ids):
    merges = Merges([(0, 1)], [3], {(0, 1): 0})
    before = list(ids)
    encode_short(ids, merges)
    encode_long(ids, merges, [1, 1, 1, 2])
    assert ids == before


def test_equal_neighbours_are_merged_from_the_left():
    merges = Merges([(0, 0)], [1], {(0, 0): 0})
    assert encode_short([0] * 5, merges) == [1, 1, 0]
    assert encode_long([0] * 5, merges, [1, 2]) == [1, 1, 0]


def test_merging_reaches_neither_across_a_boundary_nor_into_a_merged_token():
    cells = [BOUNDARY, 0, BOUNDARY, 0, 0, 0, BOUNDARY]
    assert list(merge_pair(cells, [1, 3, 4], (0, 0), 1, [1, 2])) == [(3, BOUNDARY, 0)]
    assert cells == [BOUNDARY, 0, BOUNDARY, 1, 1, 0, BOUNDARY]


def test_a_merged_token_is_read_from_both_ends():
    lengths = [1, 1, 2, 3, 4]
    cells = [BOUNDARY, 0, 1, 0, 0, 1, BOUNDARY]
    list(merge_pair(cells, [1, 4], (0, 1), 2, lengths))
    assert list(tokens_in(cells, lengths)) == [2, 0, 2]
    assert list(merge_pair(cells, [3], (0, 2), 3, lengths)) == [(3, 2, BOUNDARY)]
    assert list(tokens_in(cells, lengths)) == [2, 3]


def test_nothing_is_merged_to_nothing():
    merges = Merges([], [], {})
    assert encode_short([], merges) == []
    assert encode_long([], merges, []) == []

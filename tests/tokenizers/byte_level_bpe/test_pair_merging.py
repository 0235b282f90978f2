from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from minibig.tokenizers.byte_level_bpe.compiled_merging import CompiledMerging
from minibig.tokenizers.byte_level_bpe.pair_merging import Merges, encode_short, encode_together


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


def byte_ids(tokens):
    return [tokens.index(chr(byte)) if chr(byte) in tokens else 0 for byte in range(256)]


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


@given(merge_lists(), st.lists(st.text("abc", min_size=1, max_size=40)))
def test_all_ways_agree_with_plain_loops(vocabulary, words):
    tokens, merges = vocabulary
    expected = [tuple(map(tokens.index, by_plain_loops(word, merges))) for word in words]
    in_bytes, ids = list(map(str.encode, words)), byte_ids(tokens)
    merges = in_ids(tokens, merges)
    assert [tuple(encode_short(map(tokens.index, word), merges)) for word in words] == expected
    assert encode_together(in_bytes, merges, ids, len(tokens)) == expected
    assert CompiledMerging(ids, merges).encode(in_bytes) == expected


@given(merge_lists(), st.integers(1, 400), st.integers(1, 400), st.data())
def test_what_stands_in_many_places_agrees_too(vocabulary, repeats, more, data):
    tokens, merges = vocabulary
    unit, other = (data.draw(st.text("abc", min_size=1, max_size=4)) for _ in range(2))
    words = [unit * repeats, other * more, (unit + other) * 50]
    merges = in_ids(tokens, merges)
    expected = [tuple(encode_short(map(tokens.index, word), merges)) for word in words]
    found = encode_together(map(str.encode, words), merges, byte_ids(tokens), len(tokens))
    assert found == expected


@given(st.lists(st.integers(0, 2)))
def test_the_input_is_left_alone(ids):
    before = list(ids)
    encode_short(ids, Merges([(0, 1)], [3], {(0, 1): 0}))
    assert ids == before


def test_equal_neighbours_are_merged_from_the_left():
    merges = Merges([(0, 0)], [1], {(0, 0): 0})
    assert encode_short([0] * 5, merges) == [1, 1, 0]
    for n in (5, 501):
        pieces = encode_together([b"a" * n], merges, [0] * 256, 2)
        assert pieces == [(1,) * (n // 2) + (0,)]


def test_nothing_is_merged_to_nothing():
    merges = Merges([], [], {})
    assert encode_short([], merges) == []
    assert encode_together([], merges, range(256), 256) == []
    assert encode_together([b"", b"a", b""], merges, range(256), 256) == [(), (97,), ()]

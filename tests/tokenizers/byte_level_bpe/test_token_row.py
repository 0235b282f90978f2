import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from minibig.tokenizers.byte_level_bpe import token_row
from minibig.tokenizers.byte_level_bpe.token_row import TokenRow, united

words = st.lists(st.text("abc", max_size=30), max_size=6)
merges = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=8)


@pytest.fixture(params=[1, 3, 10**9], ids=["by NumPy", "by both", "by loops"])
def many(request, monkeypatch):
    monkeypatch.setattr(token_row, "MANY", request.param)


def row_of(words):
    ids = np.zeros(256, int)
    ids[[ord(character) for character in "abc"]] = 0, 1, 2
    return TokenRow(map(str.encode, words), ids, 100)


def as_lists(found):
    return {pair: list(places) for pair, places in found}


@given(words)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_pair_is_found_once_where_it_stands(many, words):
    expected, place = {}, 1
    for word in words:
        for i in range(len(word) - 1):
            pair = "abc".index(word[i]), "abc".index(word[i + 1])
            expected.setdefault(pair, []).append(place + i)
        place += len(word) + 1
    assert as_lists(row_of(words).pairs()) == expected


@given(words, merges)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_merging_agrees_with_replacing_in_lists(many, words, merges):
    """Pairs of any tokens, in any order; their places are the ones that were told so far."""
    row, places, sizes = row_of(words), {}, {0: 1, 1: 1, 2: 1}
    expected = [["abc".index(character) for character in word] for word in words]
    for pair, found in row.pairs():
        places.setdefault(pair, []).append(found)
    for new, pair in enumerate(merges, start=3):
        sizes[new] = sum(sizes.get(token, 1) for token in pair)
        if pair in places:
            standing = row.standing(pair, united(places.pop(pair)))
            for other, found in row.merge(pair, standing, new):
                places.setdefault(other, []).append(found)
        for tokens in expected:
            i = 0
            while i < len(tokens) - 1:
                if (tokens[i], tokens[i + 1]) == pair:
                    tokens[i : i + 2] = [new]
                i += 1
        assert row.pieces() == [tuple(tokens) for tokens in expected]
        for other, found in places.items():
            assert list(row.standing(other, united(found))) == places_of(other, expected, sizes)


def places_of(pair, pieces, sizes):
    found, place = [], 1
    for tokens in pieces:
        for i, token in enumerate(tokens):
            if tuple(tokens[i : i + 2]) == pair:
                found.append(place)
            place += sizes[token]
        place += 1
    return found

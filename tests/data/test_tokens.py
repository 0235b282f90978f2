"""Tokens in memory: splitting and documents keep every id, and ids outside are refused."""

from itertools import chain

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minibig.backend.errors import InputError
from minibig.data import Tokens, token_array


@st.composite
def documents(draw):
    return draw(st.lists(st.lists(st.integers(0, 9), max_size=6), min_size=1, max_size=8))


def tokens_of(lists):
    starts = [sum(map(len, lists[:i])) for i in range(len(lists))]
    return token_array([i for ids in lists for i in ids], 10, document_starts=starts)


@given(lists=documents())
def test_documents_come_back_as_they_were_given(lists):
    tokens = tokens_of(lists)
    assert tokens.n_documents == len(lists)
    assert [tokens.document(i).tolist() for i in range(len(lists))] == lists


@given(lists=documents(), fraction=st.floats(0, 1, exclude_min=True, exclude_max=True))
def test_a_split_keeps_every_token_and_every_boundary(lists, fraction):
    tokens = tokens_of(lists)
    train, validation = tokens.split(fraction)
    assert train.n_tokens == int(tokens.n_tokens * fraction)
    assert [*train.ids, *validation.ids] == list(tokens.ids)
    starts = tokens.document_starts.tolist()
    joined = train.document_starts.tolist()
    joined += [start + train.n_tokens for start in validation.document_starts.tolist()]
    cut_inside = validation.n_tokens > 0 and train.n_tokens not in starts
    assert joined == sorted(starts + [train.n_tokens] * cut_inside)
    for part in (train, validation):
        again = [part.document(i).tolist() for i in range(part.n_documents)]
        assert list(chain.from_iterable(again)) == part.ids.tolist()


def test_a_split_copies_no_ids():
    tokens = token_array(range(100), 100)
    for part in tokens.split(0.5):
        assert np.shares_memory(part.ids, tokens.ids)
        assert part.vocab_size == 100


def test_a_split_of_nine_tenths_is_that_of_the_published_run():
    train, validation = token_array(np.zeros(1_115_394, np.int64), 65).split(0.9)
    assert (train.n_tokens, validation.n_tokens) == (1_003_854, 111_540)


@pytest.mark.parametrize(
    ("vocab_size", "dtype"), [(1, "uint16"), (65_536, "uint16"), (65_537, "uint32")]
)
def test_ids_take_two_bytes_while_the_vocabulary_allows_it(vocab_size, dtype):
    tokens = token_array([vocab_size - 1, 0], vocab_size)
    assert tokens.ids.dtype == dtype
    assert tokens.ids.tolist() == [vocab_size - 1, 0]


def test_tokens_are_read_only_and_do_not_share_the_arrays_they_came_from():
    ids, starts = np.array([1, 2, 3]), np.array([0, 1])
    tokens = token_array(ids, 4, document_starts=starts)
    ids[0], starts[1] = 0, 2
    assert tokens.ids.tolist() == [1, 2, 3]
    assert tokens.document(0).tolist() == [1]
    with pytest.raises(ValueError, match="read-only"):
        tokens.ids[0] = 0


def test_no_tokens_are_one_empty_document():
    tokens = token_array([], 5)
    assert (tokens.n_tokens, tokens.n_documents, tokens.document(0).tolist()) == (0, 1, [])
    assert all(part.n_tokens == 0 for part in tokens.split(0.5))


def test_the_repr_says_how_much_there_is():
    assert repr(token_array([1, 2], 3)) == "Tokens(n_tokens=2, n_documents=1, vocab_size=3)"
    assert isinstance(token_array([1, 2], 3), Tokens)


@pytest.mark.parametrize(
    ("ids", "vocab_size", "message"),
    [
        ([1, 5], 5, "must be whole numbers from 0 to 4; got 5"),
        ([-1, 2], 5, "got -1"),
        ([0, 2**40], 5, "got 1099511627776"),
        ([0, 10**5000], 5, "got int of very many digits"),
        ([[1, 2]], 5, r"got \[1, 2\]"),
        (np.array([[1, 2]]), 5, r"one row; got shape \(1, 2\)"),
        ([1.0], 5, r"whole numbers from 0 to 4; got 1\.0"),
        (np.array([1.0]), 5, "whole numbers from 0 to 4; got"),
        ([True], 5, "got True"),
        ([1, True], 5, "got True"),
        (["a"], 5, "got 'a'"),
        ([1], 0, "vocab_size must be a whole number from 1 to 4294967296; got 0"),
        ([1], 2**32 + 1, "vocab_size must be a whole number from 1"),
        ([1], 5.0, r"vocab_size must be a whole number .*; got 5\.0"),
        ([1], True, "vocab_size must be a whole number .*; got True"),
    ],
)
def test_what_is_not_a_token_id_is_refused(ids, vocab_size, message):
    with pytest.raises(InputError, match=message):
        token_array(ids, vocab_size)


@pytest.mark.parametrize("starts", [[], [1], [0, 2, 1], [0, 4], [0, -1], [0.0, 1.5], [[0]]])
def test_starts_that_are_no_boundaries_are_refused(starts):
    with pytest.raises(InputError, match="whole numbers in order, the first 0 and none above 3"):
        token_array([1, 2, 3], 5, document_starts=starts)


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 1.5, float("nan")])
def test_a_fraction_that_leaves_no_split_is_refused(fraction):
    with pytest.raises(InputError, match=f"number above 0 and below 1; got {fraction}"):
        token_array([1, 2, 3], 5).split(fraction)


@pytest.mark.parametrize("index", [-1, 1, 7])
def test_a_document_that_is_not_there_is_refused(index):
    with pytest.raises(InputError, match=f"document must be .* from 0 to 0; got {index}"):
        token_array([1, 2, 3], 5).document(index)

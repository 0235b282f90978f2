"""Documents in pieces: numbered on, and recognised by one hash however they are cut."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minibig.backend import InputError
from minibig.data.documents import TextHash, check_piece, not_empty, renumbered

documents = st.lists(st.text("abé字", min_size=1, max_size=6), max_size=5)


@given(st.lists(documents, max_size=4))
def test_documents_of_several_corpora_are_numbered_on(corpora):
    found = list(renumbered(enumerate(texts, start=3) for texts in corpora))
    assert found == list(enumerate(text for texts in corpora for text in texts))


@given(documents, st.integers(1, 3))
def test_the_hash_is_of_the_documents_and_their_ends_not_of_the_pieces(texts, size):
    found = TextHash()
    for index, text in enumerate(texts):
        for i in range(0, len(text), size):
            found.add(index, text[i : i + size])
    joined = b"\xff".join(text.encode() for text in texts)
    assert found.hexdigest() == hashlib.sha256(joined).hexdigest()
    assert found.hexdigest(closed=True) == hashlib.sha256(joined + b"\xff").hexdigest()
    assert (found.characters, found.bytes) == (len("".join(texts)), len("".join(texts).encode()))


def test_an_empty_corpus_is_refused_by_its_name():
    with pytest.raises(InputError, match=r"a\.txt is empty: a text of at least one character"):
        next(not_empty("a.txt", iter(())))


@pytest.mark.parametrize("piece", ["ab", (0,), (0, b"x"), (2, "x"), (-1, "x"), None])
def test_what_is_no_next_piece_is_refused(piece):
    with pytest.raises(InputError, match=r"pairs|numbered"):
        check_piece(piece, 0)

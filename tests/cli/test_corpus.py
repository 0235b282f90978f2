import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minibig.backend import InputError
from minibig.cli.corpus import Corpus

SEPARATOR = "<|endoftext|>"
TEXTS = st.lists(st.text("ab é你\n", min_size=1).filter(str.strip), min_size=1, max_size=5)


def corpus_of(documents, fraction=0.0, name="a.txt"):
    path = Path(tempfile.mkdtemp(), name)
    path.write_bytes(SEPARATOR.join(documents).encode())
    return Corpus(str(path), validation_fraction=fraction)


def text_of(pieces):
    return "".join(text for _, text in pieces)


@given(TEXTS, st.floats(0.0, 0.99))
def test_training_and_validation_are_the_text_cut_once(documents, fraction):
    corpus = corpus_of(documents, fraction)
    whole = text_of(corpus.pieces())
    training, validation = text_of(corpus.training()), text_of(corpus.validation())
    assert training + validation == whole
    assert len(whole) == corpus.characters
    assert len(training) == int(len(whole) * (1 - fraction))


@given(TEXTS, st.floats(0.0, 0.99))
def test_the_documents_of_each_part_are_numbered_from_0(documents, fraction):
    corpus = corpus_of(documents, fraction)
    for part in (corpus.training(), corpus.validation()):
        indices = [index for index, _ in part]
        assert sorted(set(indices)) == list(range(len(set(indices))))
        assert indices == sorted(indices)


def test_the_hash_knows_the_text_and_its_documents_and_not_the_name():
    one = corpus_of(["ab", "cd"])
    assert one.sha256 == corpus_of(["ab", "cd"], 0.5, "other.txt").sha256
    others = [corpus_of(documents).sha256 for documents in (["abcd"], ["a", "bcd"], ["ab", "ce"])]
    assert len({one.sha256, *others}) == 4


@pytest.mark.parametrize("fraction", [-0.1, 1.0, 2.0])
def test_a_fraction_that_leaves_nothing_is_refused(fraction):
    with pytest.raises(InputError, match="validation_fraction must lie between 0 and 1"):
        Corpus("stdlib", validation_fraction=fraction)

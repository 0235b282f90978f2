import numpy as np
import pytest

from minibig.backend.errors import InputError
from minibig.tokenizers.inputs import check_text, checked_ids, checked_texts


def test_a_lone_surrogate_is_named_with_its_offset():
    with pytest.raises(InputError, match=r"lone surrogate U\+DC80 at offset 3"):
        check_text("abc\udc80d")


@pytest.mark.parametrize("wrong", [b"bytes", 3, None, ["a"]])
def test_only_a_str_is_text(wrong):
    with pytest.raises(TypeError, match=f"must be a str; got {type(wrong).__name__}"):
        check_text(wrong)


@pytest.mark.parametrize("wrong", [b"bytes", 3, None])
def test_texts_must_be_an_iterable_of_str(wrong):
    with pytest.raises(TypeError, match="texts must be a str or an iterable"):
        list(checked_texts(wrong))


def test_each_of_several_texts_is_checked():
    with pytest.raises(TypeError, match="got bytes"):
        list(checked_texts(["fine", b"not"]))


@pytest.mark.parametrize(
    "wrong",
    [-1, 5, 2**31, 2**80, True, False, 1.0, float("nan"), "1", None, np.True_, np.float32(1)],
)
def test_an_id_outside_the_vocabulary_is_named_with_its_size(wrong):
    with pytest.raises(InputError) as error:
        checked_ids([0, wrong], vocab_size=5)
    assert f"got {wrong!r}" in str(error.value)
    assert "the vocabulary has 5 tokens" in str(error.value)


@pytest.mark.parametrize(
    "ids", [[0, 4], (0, 4), iter([0, 4]), np.array([0, 4]), [np.uint8(0), np.int64(4)]]
)
def test_integers_of_any_kind_become_ints(ids):
    result = checked_ids(ids, vocab_size=5)
    assert result == [0, 4]
    assert {type(token) for token in result} == {int}


def test_no_ids_are_fine():
    assert checked_ids([], vocab_size=5) == []


def test_a_single_id_is_refused_with_the_way_to_write_it():
    with pytest.raises(TypeError, match=r"Write \[3\]"):
        checked_ids(3, vocab_size=5)


def test_a_batch_of_rows_is_refused():
    with pytest.raises(InputError, match="got array"):
        checked_ids(np.zeros((2, 3), dtype=np.int64), vocab_size=5)

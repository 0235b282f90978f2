import numpy as np
import pytest

from minibig.backend.errors import InputError
from minibig.tokenizers.inputs import check_text, checked_texts, read_ids, token_id_array, token_ids


def test_a_lone_surrogate_is_named_with_its_offset():
    with pytest.raises(InputError, match=r"lone surrogate U\+DC80 at offset 3"):
        check_text("abc\udc80d")


@pytest.mark.parametrize("wrong", [b"bytes", 3, None, ["a"]])
def test_only_a_str_is_text(wrong):
    with pytest.raises(InputError, match="text must be a str; got"):
        check_text(wrong)


@pytest.mark.parametrize("wrong", [b"bytes", 3, None])
def test_texts_must_be_an_iterable_of_str(wrong):
    with pytest.raises(InputError, match="texts must be a str or an iterable"):
        list(checked_texts(wrong))


def test_each_of_several_texts_is_checked():
    with pytest.raises(InputError, match="got b'not'"):
        list(checked_texts(["fine", b"not"]))


def test_ids_that_are_written_as_numbers_are_read():
    assert read_ids(["0", "17", "007"]) == [0, 17, 7]
    assert read_ids([]) == []


@pytest.mark.parametrize("word", ["-1", "1.0", "x", "", "²", "٣", "9" * 5000])
def test_a_word_that_is_no_id_is_shown(word):
    with pytest.raises(InputError, match="token ids must be whole numbers from 0 on; got") as error:
        read_ids(["1", word])
    assert len(str(error.value)) < 200


@pytest.mark.parametrize(
    "wrong",
    [-1, 5, 2**31, 2**80, True, False, 1.0, float("nan"), "1", None, np.True_, np.float32(1)],
)
def test_an_id_outside_the_vocabulary_is_named_with_its_size(wrong):
    with pytest.raises(InputError) as error:
        token_ids([0, wrong], vocab_size=5)
    assert f"whole numbers from 0 to 4; got {wrong!r}" in str(error.value)


@pytest.mark.parametrize(
    "ids", [[0, 4], (0, 4), iter([0, 4]), np.array([0, 4]), [np.uint8(0), np.int64(4)]]
)
def test_integers_of_any_kind_are_ids(ids):
    result = token_ids(ids, vocab_size=5)
    assert result == token_id_array(result, 5).tolist() == [0, 4]
    assert {type(token) for token in result} == {int}


def test_no_ids_are_fine():
    assert token_ids([], vocab_size=5) == token_ids(np.empty(0), vocab_size=5) == []


def test_a_single_id_is_refused_with_the_way_to_write_it():
    with pytest.raises(InputError, match=r"Write \[3\]"):
        token_ids(3, vocab_size=5)


def test_a_batch_of_rows_is_refused():
    with pytest.raises(InputError, match="in one row; got shape"):
        token_ids(np.zeros((2, 3), dtype=np.int64), vocab_size=5)

import pytest

from minibig.backend.errors import InputError
from minibig.tokenizers.inputs import check_text, checked_texts, read_ids


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

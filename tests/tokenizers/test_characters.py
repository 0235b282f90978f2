import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minibig.backend.errors import InputError
from minibig.tokenizers import Characters, Tokenizer
from minibig.tokenizers.files import SETTINGS_FILE

texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@given(texts)
def test_round_trip_keeps_every_character(text):
    tokenizer = Characters.train(text)
    assert tokenizer.decode(tokenizer.encode(text)) == text
    assert tokenizer.decode_bytes(tokenizer.encode(text)) == text.encode()


@given(texts)
def test_ids_are_places_in_the_sorted_set(text):
    tokenizer = Characters.train(text)
    in_order = sorted(set(text))
    assert tokenizer.encode(text) == [in_order.index(character) for character in text]
    assert tokenizer.vocab_size == len(in_order)


@given(st.lists(texts, min_size=1))
def test_several_texts_count_as_one(several):
    assert Characters.train(several).characters == Characters.train("".join(several)).characters


@given(text=texts)
def test_saving_and_loading_changes_nothing(tmp_path_factory, text):
    folder = tmp_path_factory.mktemp("characters")
    Characters.train(text).save(folder)
    assert Characters.load(folder).characters == "".join(sorted(set(text)))


def test_an_unknown_character_is_named_with_its_offset():
    with pytest.raises(InputError, match="got 'é' at offset 3"):
        Characters.train("cafe").encode("cafés é")


def test_nothing_is_nothing():
    tokenizer = Characters.train("a")
    assert tokenizer.encode("") == []
    assert tokenizer.decode([]) == ""


def test_there_is_no_end_of_text():
    assert Characters.train("a").end_of_text is None
    assert isinstance(Characters.train("a"), Tokenizer)


@pytest.mark.parametrize("empty", ["", [], ["", ""]])
def test_training_on_nothing_is_refused(empty):
    with pytest.raises(InputError, match="at least one character"):
        Characters.train(empty)


@pytest.mark.parametrize("wrong", ["ba", "aa", ""])
def test_characters_must_be_sorted_and_distinct(wrong):
    with pytest.raises(InputError, match="distinct and sorted"):
        Characters(wrong)


@pytest.mark.parametrize("wrong", [-1, 3, True, 1.0])
def test_decoding_refuses_other_ids(wrong):
    with pytest.raises(InputError, match="whole numbers from 0 to 2"):
        Characters.train("abc").decode([wrong])


@pytest.mark.parametrize(
    ("characters", "message"),
    [
        (None, "one string; got None"),
        (["a"], "one string"),
        ("ba", "distinct"),
        ("\ud800", "half a surrogate pair"),
    ],
)
def test_a_malformed_file_is_refused_by_name(tmp_path, characters, message):
    settings = {"kind": "characters", "characters": characters}
    (tmp_path / SETTINGS_FILE).write_text(json.dumps(settings))
    with pytest.raises(InputError, match=message) as error:
        Characters.load(tmp_path)
    assert SETTINGS_FILE in str(error.value)

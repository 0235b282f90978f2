"""Shapes of JSON files: what fits passes, and what does not is named with its place."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minibig.backend import checks
from minibig.files import StorageError, Whole, check_shape, read_json, write_json

SHAPE = {
    "format": str,
    "step": Whole(0, 10**12),
    "loss": (float, None),
    "settings": {str: object},
    "text": {"name": str, "characters?": int, ...: object},
    "names": [str],
    "done?": bool,
    "part?": lambda name, value: checks.one_of(name, value, ("training", "validation")),
}
GOOD = {
    "format": "a", "step": 3, "loss": None, "settings": {"x": [1]}, "text": {"name": "t", "z": 1},
    "names": ["a"],
}  # fmt: skip


def test_what_fits_passes():
    check_shape("a.json", GOOD, SHAPE)
    check_shape("a.json", GOOD | {"loss": 1, "done": True, "part": "training"}, SHAPE)
    check_shape("a.json", [1, {"a": None}], [object])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": 1}, "format must be a text; got 1."),
        ({"step": 10**18}, "step must be a whole number from 0 to 1000000000000; got 1000000"),
        ({"step": True}, "step must be a whole number from 0 to 1000000000000; got True"),
        ({"step": 1.0}, "step must be a whole number from"),
        ({"loss": "x"}, "loss must be a number or null; got 'x'."),
        ({"loss": True}, "loss must be a number or null; got True."),
        ({"settings": []}, "settings must be an object; got []."),
        ({"text": {"characters": 3}}, "text must have a 'name'; it has none."),
        ({"text": {"name": "a", "characters": "3"}}, "text.characters must be a whole number; got"),
        ({"names": "ab"}, "names must be a list; got 'ab'."),
        ({"names": ["a", None]}, "names[1] must be a text; got None."),
        ({"done": 0}, "done must be true or false; got 0."),
        ({"part": "test"}, "part must be one of training, validation; got 'test'."),
        ({"more": 1}, "it must have no 'more', which this minibig does not know."),
        ({"names": ["\x1b[31m" * 100, 5]}, "names[1] must be a text"),
        ({"format": ["\x1b[31mred"]}, r"format must be a text; got ['\x1b[31mred']."),
    ],
)
def test_what_does_not_fit_is_named_with_its_place_and_its_file(tmp_path, change, words):
    (tmp_path / "a.json").write_text(json.dumps(GOOD | change))
    with pytest.raises(StorageError) as caught:
        read_json(tmp_path / "a.json", shape=SHAPE)
    sentence = str(caught.value)
    assert sentence.startswith(f"{tmp_path / 'a.json'} is not usable: ") and words in sentence
    assert sentence.endswith("Restore a copy of the file.") and sentence.isprintable()


@pytest.mark.parametrize("missing", ["format", "step", "loss", "settings", "text", "names"])
def test_a_key_that_is_missing_is_named(missing):
    value = {key: each for key, each in GOOD.items() if key != missing}
    with pytest.raises(StorageError, match=f"it must have a '{missing}'; it has none"):
        check_shape("a.json", value, SHAPE)


@pytest.mark.parametrize("value", [[], "text", None, 3, True])
def test_another_kind_of_value_altogether(value):
    with pytest.raises(StorageError, match="it must be an object; got"):
        check_shape("a.json", value, SHAPE)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)


@given(st.sampled_from(sorted(GOOD)), values)
def test_any_value_anywhere_passes_or_is_one_sentence(key, value):
    try:
        check_shape("a.json", GOOD | {key: value}, SHAPE)
    except StorageError as error:
        assert "\n" not in str(error) and len(str(error)) < 400


def test_json_is_written_as_it_is_read(tmp_path):
    write_json(tmp_path / "a", {"é": [1, 2.5, None, True]})
    assert read_json(tmp_path / "a") == {"é": [1, 2.5, None, True]}
    assert "é".encode() in (tmp_path / "a").read_bytes()
    for value in (float("nan"), np.float32(1), {"a": "\ud800"}, 10**70):
        with pytest.raises(StorageError, match="a is not written: "):
            write_json(tmp_path / "a", value)
    assert read_json(tmp_path / "a") == {"é": [1, 2.5, None, True]}
    (tmp_path / "b").write_bytes(b'{"a": 1, "a": 2}')
    with pytest.raises(StorageError, match=r"b is not usable: the key 'a' comes twice\."):
        read_json(tmp_path / "b")

"""JSON: what the standard allows is read as Python reads it; what Python adds is refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minibig.files.strict_json import parse_json
from minibig.storage import StorageError

texts = st.text(st.characters(exclude_categories=["Cs"]))
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**40), 10**40)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner) | st.dictionaries(texts, inner),
    max_leaves=20,
)


@given(values, st.sampled_from([None, 2]), st.booleans())
def test_every_json_value_is_read_as_it_was_written(value, indent, ascii_only):
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    assert parse_json(text.encode()) == value


@given(st.binary(max_size=40) | st.text('[]{}",:0123456789.eE+-\\u tfnNaI', max_size=40))
def test_any_bytes_are_read_or_refused_and_nothing_else(data):
    data = data if isinstance(data, bytes) else data.encode()
    try:
        value = parse_json(data)
    except StorageError:
        return
    assert json.loads(data) == value


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not JSON: Expecting value at character 0"),
        (b"{", "not JSON"),
        (b"[1] 2", "not JSON: Extra data"),
        (b"NaN", "NaN is not JSON"),
        (b"[-Infinity]", "-Infinity is not JSON"),
        (b"1e999", "the number 1e999 is too large"),
        (b'{"a": 1, "a": 1}', "the key 'a' comes twice"),
        (b'{"b": [{"a": 1, "\\u0061": 1}]}', "the key 'a' comes twice"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        (b'"\xff"', "not UTF-8 at byte 1"),
        (b'"\\ud800"', "half a surrogate pair"),
        (b'{"\\udc00": 1}', "half a surrogate pair"),
        (b"[" * 200_000, "nested too deeply"),
        (b'{"a":' * 200_000, "nested too deeply"),
        (b"1" * 65, "a number has 65 digits"),
        (b"1" * 5000, "a number has 5,000 digits"),
        (b"[" + b"0," * 500_000 + b"0]", "more than 500,000 values"),
        (b" " * 10_000_001, "10,000,001 bytes, more than 10,000,000"),
    ],
    ids=lambda data: repr(data[:20]),
)
def test_what_is_not_json_is_refused_with_the_reason(data, words):
    with pytest.raises(StorageError, match=words):
        parse_json(data)


def test_a_whole_surrogate_pair_is_a_character():
    assert parse_json(b'"\\ud834\\udd1e"') == "𝄞"

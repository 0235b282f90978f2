import json

import pytest

from minibig.backend.errors import InputError
from minibig.tokenizers.files import (
    SETTINGS_FILE,
    read_json_object,
    read_settings,
    read_text,
    write_settings,
    write_text,
)


def test_what_is_written_is_read(tmp_path):
    write_text(tmp_path / "new" / "a.txt", "één\nzwei\n")
    assert read_text(tmp_path / "new" / "a.txt") == "één\nzwei\n"


def test_line_ends_are_the_same_bytes_on_every_system(tmp_path):
    write_text(tmp_path / "a.txt", "a\nb\n")
    assert (tmp_path / "a.txt").read_bytes() == b"a\nb\n"


def test_nothing_but_the_file_is_left_behind(tmp_path):
    write_text(tmp_path / "a.txt", "first")
    write_text(tmp_path / "a.txt", "second")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"absent\.txt cannot be read"):
        read_text(tmp_path / "absent.txt")


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_text(tmp_path)


def test_writing_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="cannot be written"):
        write_text(tmp_path / "file" / "a.txt", "x")


def test_other_bytes_than_utf8_are_refused_with_their_place(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"abc\xff")
    with pytest.raises(InputError, match=r"a\.txt must be UTF-8 text; byte 3"):
        read_text(tmp_path / "a.txt")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"a": 1,\n "b": }', "line 2 is not JSON"),
        ("", "line 1 is not JSON"),
        ("\ufeff{}", "is not JSON"),
        ("[1]", "must hold a JSON object; got list"),
        ('{"a": 1, "a": 2}', "the key 'a' stands there twice"),
        ("[" * 200_000, "is not usable JSON"),
        ('{"a": ' + "9" * 5000 + "}", "is not usable JSON"),
    ],
)
def test_malformed_json_is_one_sentence_with_the_name(tmp_path, content, message):
    (tmp_path / "a.json").write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=message) as error:
        read_json_object(tmp_path / "a.json")
    assert str(tmp_path / "a.json") in str(error.value)


def test_settings_are_read_for_the_right_kind_only(tmp_path):
    write_settings(tmp_path, kind="characters", characters="ab")
    assert read_settings(tmp_path, kinds=("characters",))["characters"] == "ab"
    with pytest.raises(InputError, match="must have \"kind\" 'byte_level_bpe'; got 'characters'"):
        read_settings(tmp_path, kinds=("byte_level_bpe",))


def test_settings_without_a_kind_are_refused(tmp_path):
    (tmp_path / SETTINGS_FILE).write_text(json.dumps({"model": "gpt"}))
    with pytest.raises(InputError, match="got None"):
        read_settings(tmp_path, kinds=("characters",))


def test_a_missing_folder_and_a_folder_without_settings_are_told_apart(tmp_path):
    with pytest.raises(InputError, match="is not a folder"):
        read_settings(tmp_path / "absent", kinds=("characters",))
    with pytest.raises(InputError, match="holds no tokenizer"):
        read_settings(tmp_path, kinds=("characters",))

import json
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minibig.backend.errors import InputError
from minibig.tokenizers import ByteLevelBPE, Characters, load_tokenizer
from minibig.tokenizers.files import CHECKSUMS_FILE, SETTINGS_FILE, read_settings, write_tokenizer

TOKENIZERS = [Characters.train("some text"), ByteLevelBPE.train("some text, some", vocab_size=260)]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"a": 1,\n "b": }', "it is not JSON: Expecting value at character 15"),
        ("", "it is not JSON"),
        ("\ufeff{}", "is not JSON"),
        ("[1]", "it must be an object"),
        ('{"a": 1, "a": 2}', "the key 'a' comes twice"),
        ("[" * 200_000, "is not usable: the JSON text is nested too deeply"),
        ('{"a": ' + "9" * 5000 + "}", "is not usable: a number has 5,000 digits"),
    ],
)
def test_malformed_json_is_one_sentence_with_the_name(tmp_path, content, message):
    path = tmp_path / SETTINGS_FILE
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=message) as error:
        load_tokenizer(tmp_path)
    assert str(path) in str(error.value)


def test_settings_are_read_for_the_right_kind_only(tmp_path):
    write_tokenizer(tmp_path, {"kind": "characters", "characters": "ab"})
    assert read_settings(tmp_path, ("characters",))["characters"] == "ab"
    with pytest.raises(InputError, match="must have \"kind\" 'byte_level_bpe'; got 'characters'"):
        read_settings(tmp_path, ("byte_level_bpe",))


def test_settings_without_a_kind_are_refused(tmp_path):
    (tmp_path / SETTINGS_FILE).write_text(json.dumps({"model": "gpt"}))
    with pytest.raises(InputError, match="got None"):
        read_settings(tmp_path, ("characters",))


def test_a_missing_folder_and_a_folder_without_settings_are_told_apart(tmp_path):
    with pytest.raises(InputError, match="is not a folder"):
        read_settings(tmp_path / "absent", ("characters",))
    with pytest.raises(InputError, match="holds no tokenizer"):
        read_settings(tmp_path, ("characters",))


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_one_flipped_bit_in_any_file_is_noticed(tmp_path_factory, tokenizer, data):
    folder = tmp_path_factory.mktemp("tokenizer")
    tokenizer.save(folder)
    path = folder / data.draw(st.sampled_from(sorted(os.listdir(folder))))
    content = bytearray(path.read_bytes())
    bit = data.draw(st.integers(0, 8 * len(content) - 1))
    content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)
    with pytest.raises(InputError):
        load_tokenizer(folder)


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
def test_a_folder_of_an_older_minibig_without_checksums_is_read(tmp_path, tokenizer):
    tokenizer.save(tmp_path)
    (tmp_path / CHECKSUMS_FILE).unlink()
    assert load_tokenizer(tmp_path).encode("some") == tokenizer.encode("some")


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
def test_saving_again_changes_nothing_and_another_tokenizer_is_refused(tmp_path, tokenizer):
    tokenizer.save(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    tokenizer.save(tmp_path)
    for other in (Characters.train("other"), ByteLevelBPE.train("other other", vocab_size=259)):
        with pytest.raises(InputError, match="holds another tokenizer already"):
            other.save(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_published_vocabulary_is_not_written_over(tmp_path):
    (tmp_path / "vocab.json").write_text('{"a": 0}')
    with pytest.raises(InputError, match=r"its vocab\.json differs"):
        TOKENIZERS[1].save(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["vocab.json"]


def test_the_tokenizer_of_a_run_or_of_its_model_is_not_hidden_by_another(tmp_path):
    TOKENIZERS[0].save(tmp_path / "tokenizer")
    with pytest.raises(InputError, match="would be taken in its place"):
        TOKENIZERS[1].save(tmp_path)
    (tmp_path / "model").mkdir()
    TOKENIZERS[1].save(tmp_path / "elsewhere")
    (tmp_path / "model" / "config.json").write_text("{}")
    with pytest.raises(InputError, match="would be taken in its place"):
        TOKENIZERS[1].save(tmp_path / "model")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
@pytest.mark.parametrize("name", [SETTINGS_FILE, CHECKSUMS_FILE, "vocab.json", "merges.txt"])
def test_a_pipe_in_the_place_of_a_file_is_refused(tmp_path, name):
    TOKENIZERS[1].save(tmp_path)
    (tmp_path / name).unlink()
    os.mkfifo(tmp_path / name)
    with pytest.raises(InputError, match="is not a regular file"):
        load_tokenizer(tmp_path)
    with pytest.raises(InputError, match="is not a regular file"):
        ByteLevelBPE.from_files(tmp_path / name, tmp_path / name)


@pytest.mark.parametrize("name", [SETTINGS_FILE, CHECKSUMS_FILE, "vocab.json", "merges.txt"])
def test_an_endless_file_is_refused_before_its_checksum_is_taken(tmp_path, name):
    TOKENIZERS[1].save(tmp_path)
    with (tmp_path / name).open("r+b") as file:
        file.truncate(2**40)
    with pytest.raises(InputError, match=f"{name} has .* bytes; at most 10,000,000 were expected"):
        load_tokenizer(tmp_path)


def test_places_that_cannot_be_written_are_refused(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="cannot be written"):
        TOKENIZERS[0].save(tmp_path / "file" / "below")


def test_what_could_not_be_read_again_is_not_written(tmp_path):
    for files in ({"merges.txt": b"a b\n" * 3_000_000}, {"vocab.json": b"[" + b"0," * 600_000}):
        with pytest.raises(InputError, match="this tokenizer is too large to be saved"):
            write_tokenizer(tmp_path, {"kind": "byte_level_bpe"}, files)
    assert list(tmp_path.iterdir()) == []

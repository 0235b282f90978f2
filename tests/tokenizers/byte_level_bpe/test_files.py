import pytest

from minibig.backend.errors import InputError
from minibig.tokenizers.byte_level_bpe.files import (
    merges_content,
    read_merges,
    read_vocabulary,
    vocabulary_content,
)


def test_merges_are_written_as_gpt2_has_them(tmp_path):
    merges = [("Ġ", "t"), ("h", "e")]
    assert merges_content(merges) == "#version: 0.2\nĠ t\nh e\n".encode()
    (tmp_path / "merges.txt").write_bytes(merges_content(merges))
    assert read_merges(tmp_path / "merges.txt") == merges


def test_a_vocabulary_is_written_as_gpt2_has_it_in_the_order_of_ids(tmp_path):
    content = vocabulary_content({"Ġ": 1, "a": 0})
    assert content == b'{"a": 0, "\\u0120": 1}'
    (tmp_path / "vocab.json").write_bytes(content)
    assert read_vocabulary(tmp_path / "vocab.json") == {"a": 0, "Ġ": 1}


@pytest.mark.parametrize(
    ("content", "merges"),
    [
        ("", []),
        ("#version: 0.2\n", []),
        ("a b\n", [("a", "b")]),
        ("#version: 0.2\na b", [("a", "b")]),
        ("#version: 0.2\r\na b\r\n", [("a", "b")]),
        ("#version: 0.2\n# #\n", [("#", "#")]),
    ],
)
def test_files_as_other_programs_write_them_are_read(tmp_path, content, merges):
    (tmp_path / "merges.txt").write_bytes(content.encode())
    assert read_merges(tmp_path / "merges.txt") == merges


@pytest.mark.parametrize("line", ["a", "a b c", "", " a", "a ", "a  b", "a\tb"])
def test_a_line_that_is_no_merge_is_named(tmp_path, line):
    (tmp_path / "merges.txt").write_text(f"#version: 0.2\nh e\n{line}\nx y\n")
    with pytest.raises(InputError, match=r"merges\.txt, line 3: a merge must be two tokens"):
        read_merges(tmp_path / "merges.txt")


@pytest.mark.parametrize("number", ["1.0", "true", "null", '"1"', "[1]"])
def test_an_id_that_is_no_integer_is_named(tmp_path, number):
    (tmp_path / "vocab.json").write_text(f'{{"a": 0, "b": {number}}}')
    with pytest.raises(InputError, match=r"ids must be integers; got .* for 'b'"):
        read_vocabulary(tmp_path / "vocab.json")

"""Bytes become text however they are cut; a guess of an encoding is made only with a reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minibig.backend import InputError
from minibig.files import decoded, decoded_blocks
from minibig.files.encodings import likely_encoding


@given(st.binary(max_size=30), st.integers(1, 8), st.sampled_from(["strict", "replace"]))
def test_blocks_of_any_size_are_decoded_as_a_whole(data, size, errors):
    data = data.replace(b"\0", b"\r\n")
    blocks = [data[i : i + size] for i in range(0, len(data), size)]
    if data.startswith(b"\xef\xbb\xbf"):
        return
    try:
        expected = decoded(data, "a.txt", errors).replace("\r\n", "\n")
    except InputError as error:
        sentence = str(error).split(" is not.")[0]
        with pytest.raises(InputError) as caught:
            list(decoded_blocks("a.txt", blocks, errors))
        assert str(caught.value).startswith(sentence)
    else:
        assert "".join(decoded_blocks("a.txt", blocks, errors)) == expected


@pytest.mark.parametrize("cut", [0, 1])
@pytest.mark.parametrize(
    ("text", "encoding", "name"),
    [
        ("这是一个关于人工智能的故事，他说我们在这里。", "gbk", "gb18030"),
        ("我們這裡有一個人，他是來學中文的，不大會說。", "big5", "big5"),
        ("今日はとても良い天気ですから、公園に行きました。", "euc_jp", "euc_jp"),
        ("Le café était très agréable, l’été dernier à Nîmes.", "cp1252", "cp1252"),
        ("Das schöne Mädchen läuft über die Straße.", "latin-1", "cp1252"),
        ("any text", "utf-16", "utf-16"),
    ],
)
def test_ordinary_text(text, encoding, name, cut):
    data = text.encode(encoding)
    assert likely_encoding(data[: len(data) - cut]) == name


@pytest.mark.parametrize("data", [b"", b"\xff\xff\xff", bytes(range(128, 256)), b"ascii"])
def test_what_nothing_explains(data):
    assert likely_encoding(data) is None


@pytest.mark.parametrize("encoding", ["utf-16le", "utf-16be", "utf-32le", "utf-32be"])
@pytest.mark.parametrize("text", ["Hello, world", "小猫，你好 (ok)\r\n", "Привет, мир\n" * 4000])
def test_wide_characters_without_a_mark_are_told_from_a_binary_file(encoding, text):
    data = text.encode(encoding)
    advice = rf"probably {encoding.upper()} .* Convert it: iconv -f {encoding.upper()} -t UTF-8"
    with pytest.raises(InputError, match=advice):
        list(decoded_blocks("a.txt", [data[:65_536], data[65_536:]], "strict"))


@pytest.mark.parametrize(
    "data", [b"\x7fELF\2\1\1\0\0\0", b"PK\3\4\x14\0", b"\0", b"text\0text", b"\0\1\0\2", bytes(8)]
)
def test_a_binary_file_is_called_one(data):
    with pytest.raises(InputError, match="is a binary file"):
        list(decoded_blocks("a.txt", [data], "strict"))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
@pytest.mark.parametrize("order", ["le", "be"])
def test_the_mark_at_the_beginning_tells_how_wide_a_character_is(encoding, order):
    data = "\ufeffa text".encode(f"{encoding}-{order}")
    assert likely_encoding(data) == encoding


@pytest.mark.parametrize("damage", [lambda data: data[:-1], lambda data: data + b"\xff and more"])
@pytest.mark.parametrize(
    "text",
    ["这是一个关于人工智能的故事，他说我们在这里。", "déjà vu, là-bas où ça va, été, né, élève"],
)
def test_a_damaged_text_in_utf_8_is_not_taken_for_another_encoding(text, damage):
    data = damage(text.encode() + "é".encode())
    with pytest.raises(InputError, match="if only a few bytes are broken"):
        decoded(data, "a.txt", "strict")

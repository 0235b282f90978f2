"""Files that are read: regular ones of a limited size; anything else is one sentence."""

import os

import pytest

from minibig.files import StorageError, open_regular, read_file, read_text, write_file, write_text


def test_a_file_beyond_the_limit_is_not_read(tmp_path):
    (tmp_path / "a").write_bytes(b"12345")
    assert read_file(tmp_path / "a", 5) == b"12345"
    with pytest.raises(StorageError, match="has 5 bytes; at most 4"):
        read_file(tmp_path / "a", 4)


@pytest.mark.parametrize("name", ["absent", "folder", "file/a"])
def test_what_is_no_readable_file_is_refused(tmp_path, name):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError), open_regular(tmp_path / name):
        pass


def test_texts_come_back_as_they_were(tmp_path):
    write_text(tmp_path / "a", "é\r\n\n你")
    assert read_text(tmp_path / "a", 100) == "é\r\n\n你"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"a\xff", r"a must be UTF-8; byte 0xff at offset 1 is not\. .* or is it another file\?"),
        ("un café, ça va".encode("latin-1"), r"byte 0xe9 at offset 6 is not\. .*iconv -f CP1252"),
        ('{"steps": 3}'.encode("utf-16"), r"byte 0xff at offset 0 is not\. It looks like UTF-16"),
    ],
)
def test_a_text_that_is_no_utf_8_is_told_which_encoding_it_has(tmp_path, content, sentence):
    write_file(tmp_path / "a", content)
    with pytest.raises(StorageError, match=sentence) as caught:
        read_text(tmp_path / "a", 100)
    assert "--errors" not in str(caught.value), "this command may have no such option"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
@pytest.mark.parametrize("read", [read_file, read_text])
def test_a_pipe_or_a_device_is_refused_at_once(tmp_path, read):
    os.mkfifo(tmp_path / "a")
    os.symlink("/dev/zero", tmp_path / "b")
    for name in "ab":
        with pytest.raises(StorageError, match=f"{name} is not a regular file"):
            read(tmp_path / name, 100)

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
    write_file(tmp_path / "a", b"a\xff")
    with pytest.raises(StorageError, match=r"a must be a text in UTF-8; byte 1 is not\."):
        read_text(tmp_path / "a", 100)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
@pytest.mark.parametrize("read", [read_file, read_text])
def test_a_pipe_or_a_device_is_refused_at_once(tmp_path, read):
    os.mkfifo(tmp_path / "a")
    os.symlink("/dev/zero", tmp_path / "b")
    for name in "ab":
        with pytest.raises(StorageError, match=f"{name} is not a regular file"):
            read(tmp_path / name, 100)

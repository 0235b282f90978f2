"""Durable files: the old one or the new one, never half of one, and nothing left over."""

import os
import sys

import pytest

from minibig.files import (
    StorageError,
    make_folder,
    new_file,
    new_folder,
    new_path,
    read_file,
    remove_folder,
)
from minibig.files.durable import synced_file


def write(path, content=b"new"):
    with new_file(path) as file:
        file.write(content)


def test_a_new_file_replaces_the_old_one_when_the_block_ends(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    with new_file(path) as file:
        file.write(b"new")
        file.flush()
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new" and os.listdir(tmp_path) == ["a"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit, MemoryError])
def test_an_error_in_the_block_leaves_the_old_file_and_nothing_else(tmp_path, error):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    with pytest.raises(error), new_file(path) as file:
        file.write(b"half")
        raise error
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["a"]


@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_a_failing_disk_leaves_the_old_file_and_one_sentence(tmp_path, monkeypatch, failing):
    def fail(*arguments):
        raise OSError(5, "Input/output error")

    path = tmp_path / "a"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, failing, fail)
    with pytest.raises(StorageError, match=r"a cannot be written: Input/output error\. What was"):
        write(path)
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["a"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("folder", "a folder is in the way"),
        ("file/a", "Not a directory"),
        ("absent/a", "No such file"),
        ("n" * 300, "File name too long|too long|Invalid"),
    ],
)
def test_a_place_that_cannot_be_written_is_refused(tmp_path, name, words):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError, match=words):
        write(tmp_path / name)
    assert sorted(os.listdir(tmp_path)) == ["file", "folder"]
    assert os.listdir(tmp_path / "folder") == []


def test_a_folder_that_vanishes_while_it_is_written_to_is_reported(tmp_path):
    (tmp_path / "run").mkdir()
    with (
        pytest.raises(StorageError, match=r"run/a cannot be .* \S*run is not there any more\."),
        new_file(tmp_path / "run" / "a") as file,
    ):
        file.write(b"x")
        for name in os.listdir(tmp_path / "run"):
            os.unlink(tmp_path / "run" / name)
        os.rmdir(tmp_path / "run")


def test_a_new_folder_appears_as_a_whole_or_not_at_all(tmp_path):
    with new_folder(tmp_path / "f") as unfinished:
        with synced_file(unfinished / "a") as file:
            file.write(b"1")
        assert not (tmp_path / "f").exists()
    assert os.listdir(tmp_path / "f") == ["a"]
    with pytest.raises(ValueError), new_folder(tmp_path / "g") as unfinished:
        (unfinished / "a").write_bytes(b"1")
        raise ValueError
    with pytest.raises(StorageError, match="f cannot be written"), new_folder(tmp_path / "f"):
        pass
    assert os.listdir(tmp_path) == ["f"] and os.listdir(tmp_path / "f") == ["a"]


def test_a_removed_folder_is_gone_and_a_missing_one_no_error(tmp_path):
    (tmp_path / "f").mkdir()
    (tmp_path / "f" / "a").write_bytes(b"")
    remove_folder(tmp_path / "f")
    remove_folder(tmp_path / "f")
    assert os.listdir(tmp_path) == []


def test_make_folder_makes_those_above_and_reports_a_file_in_the_way(tmp_path):
    make_folder(tmp_path / "a" / "b")
    make_folder(tmp_path / "a" / "b")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError, match="cannot be written"):
        make_folder(tmp_path / "file" / "b")


def test_a_library_writes_in_a_folder_of_its_own(tmp_path):
    (tmp_path / "a").write_bytes(b"old")
    with new_path(tmp_path / "a") as path:
        path.with_name("its-own.tmp").write_bytes(b"")
        path.write_bytes(b"new")
        os.chmod(path, 0o600)
        assert (tmp_path / "a").read_bytes() == b"old"
    write(tmp_path / "b")
    assert sorted(os.listdir(tmp_path)) == ["a", "b"]
    assert (tmp_path / "a").read_bytes() == b"new"
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "b").stat().st_mode
    (tmp_path / "folder").mkdir()
    refused = pytest.raises(StorageError, match="a folder is in the way")
    with refused, new_path(tmp_path / "folder") as path:
        path.write_bytes(b"")
    refused = pytest.raises(StorageError, match="cannot be written: No such file")
    with refused, new_path(tmp_path / "c"):
        pass
    assert sorted(os.listdir(tmp_path)) == ["a", "b", "folder"]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere every name is Unicode")
def test_a_folder_whose_name_is_no_utf8_is_refused_before_it_is_made(tmp_path):
    path = tmp_path / os.fsdecode(b"run\xff") / "model"
    with pytest.raises(StorageError, match=r"run\\udcff/model is no name in UTF-8\. Choose"):
        make_folder(path)
    assert os.listdir(tmp_path) == []


def test_a_sentence_is_one_line_that_prints_whatever_a_path_holds(tmp_path):
    for name in ("a\x1b[31mred", "two\nlines", "\u202egnp.exe", "\x07"):
        with pytest.raises(StorageError) as caught:
            read_file(tmp_path / name, 10)
        assert str(caught.value).isprintable() and "No such file" in str(caught.value)
    assert len(str(StorageError("x" * 10**6))) < 2100

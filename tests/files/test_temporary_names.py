"""Temporary names: what nobody writes any more goes, and what somebody writes stays."""

import os
import subprocess
import sys

import pytest

from minibig.files import new_file, remove_stale_files
from minibig.files.temporary_names import is_written


def write(path, content=b"new"):
    with new_file(path) as file:
        file.write(content)


@pytest.fixture
def dead_process():
    """The number of a process that has ended."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def test_what_a_killed_process_left_is_removed_by_the_next_writer(tmp_path, dead_process):
    (tmp_path / f".minibig-{dead_process}-0.tmp").write_bytes(b"half")
    (tmp_path / f".minibig-{dead_process}-1.tmp").mkdir()
    (tmp_path / f".minibig-{dead_process}-1.tmp" / "a").write_bytes(b"half")
    (tmp_path / f".minibig-{os.getpid()}-999999.tmp").write_bytes(b"of a run with our number")
    (tmp_path / f".minibig-{10**30}-0.tmp").write_bytes(b"of no process at all")
    write(tmp_path / "a")
    assert os.listdir(tmp_path) == ["a"]


def test_stale_files_are_removed_in_a_folder_and_in_those_below(tmp_path, dead_process):
    (tmp_path / "best").mkdir()
    for folder in (tmp_path, tmp_path / "best"):
        (folder / f".minibig-{dead_process}-0.tmp").write_bytes(b"half")
        (folder / f".minibig-{os.getppid()}-0.tmp").write_bytes(b"of a living process")
    remove_stale_files(tmp_path)
    remove_stale_files(tmp_path / "absent")
    living = f".minibig-{os.getppid()}-0.tmp"
    assert sorted(os.listdir(tmp_path)) == [living, "best"]
    assert os.listdir(tmp_path / "best") == [living]


def test_what_others_are_writing_is_left_alone(tmp_path):
    others = [f".minibig-{os.getppid()}-0.tmp", "minibig-1-1.tmp", ".minibig-1-1.tmp.txt", "a.tmp"]
    for name in others:
        (tmp_path / name).write_bytes(b"")
    with new_file(tmp_path / "a") as outer:
        outer.write(b"1")
        write(tmp_path / "b")
    assert sorted(os.listdir(tmp_path)) == sorted(["a", "b", *others])


def test_files_of_another_container_are_left_until_they_are_old(tmp_path):
    """Its process 1 is not ours: whether it lives cannot be asked, so its age decides."""
    other = tmp_path / ".minibig-1-0123abcd-0.tmp"
    other.write_bytes(b"half")
    write(tmp_path / "a")
    assert other.exists()
    os.utime(other, (0, 0))
    write(tmp_path / "a")
    assert os.listdir(tmp_path) == ["a"]


def test_a_folder_is_written_while_a_living_process_has_an_unfinished_file_there(
    tmp_path, dead_process
):
    (tmp_path / f".minibig-{dead_process}-0.tmp").write_bytes(b"half")
    assert not is_written(tmp_path) and not is_written(tmp_path / "absent")
    with new_file(tmp_path / "a"):
        assert is_written(tmp_path)
    assert not is_written(tmp_path)
    (tmp_path / f".minibig-{os.getppid()}-0.tmp").write_bytes(b"of a living process")
    assert is_written(tmp_path)

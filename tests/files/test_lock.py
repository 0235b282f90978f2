"""The lock of a folder: one process, one thread; gone with its process, whatever ends it."""

import errno
import os
import re
import subprocess
import sys
import threading
import warnings

import pytest

from minibig.files import StorageError, lock, locked

posix = pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals and forks")
HOLDING = """
import sys
from pathlib import Path
from minibig.files import locked
with locked(Path(sys.argv[1])):
    print("ready", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def other(tmp_path):
    """Another process, which holds the lock of the folder."""
    child = subprocess.Popen(
        [sys.executable, "-c", HOLDING, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with child.stdout, child.stdin:
        assert child.stdout.readline() == b"ready\n"
        yield child
    child.kill()
    child.wait()


def test_another_process_is_refused_with_the_name_of_the_first(tmp_path, other):
    with pytest.raises(StorageError) as caught, locked(tmp_path):
        pass
    words = (
        rf"process {other.pid} on \S* \(since \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d: -c .*\) works in "
    )
    assert re.match(words, str(caught.value)) and "choose another folder" in str(caught.value)


def test_the_lock_ends_with_the_block_and_leaves_nothing(tmp_path):
    for error in (None, ValueError):
        try:
            with locked(tmp_path / "new" / "run"):
                assert os.listdir(tmp_path / "new" / "run") == [".minibig-lock"]
                if error:
                    raise error
        except ValueError:
            pass
        assert os.listdir(tmp_path / "new" / "run") == []


@posix
def test_a_killed_process_holds_nothing(tmp_path, other):
    other.kill()
    other.wait()
    assert os.listdir(tmp_path) == [".minibig-lock"]
    with locked(tmp_path):
        pass
    assert os.listdir(tmp_path) == []


def test_the_same_thread_may_lock_again_and_another_may_not(tmp_path):
    said = []

    def in_a_thread():
        try:
            with locked(tmp_path):
                said.append("locked")
        except StorageError as error:
            said.append(str(error))

    def run():
        thread = threading.Thread(target=in_a_thread)
        thread.start()
        thread.join()

    with locked(tmp_path):
        with locked(tmp_path / ".." / tmp_path.name):
            run()
        run()
    run()
    assert [text.split(" works")[0] for text in said] == [
        "another thread of this process", "another thread of this process", "locked"
    ]  # fmt: skip


@posix
def test_a_forked_child_does_not_hold_the_lock_of_its_parent(tmp_path):
    with locked(tmp_path):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads
            child = os.fork()
        if child == 0:  # the child: a refusal is what is right
            try:
                with locked(tmp_path):
                    os._exit(1)
            except StorageError:
                os._exit(0)
            finally:
                os._exit(2)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    with locked(tmp_path):
        pass


def test_what_killed_processes_left_goes_whatever_its_name_says(tmp_path):
    """Process 1 of a container that is gone: there is a process 1 here as well."""
    (tmp_path / "model").mkdir()
    left = [tmp_path / ".minibig-1-0.tmp", tmp_path / "model" / ".minibig-1-0123abcd-7.tmp"]
    for path in left:
        path.write_bytes(b"half")
    (tmp_path / "notes.tmp").write_bytes(b"mine")
    with locked(tmp_path):
        assert not any(path.exists() for path in left)
    assert sorted(os.listdir(tmp_path)) == ["model", "notes.tmp"]


def test_a_lock_file_that_says_nothing_is_no_traceback(tmp_path, other):
    for content in (b"", b"{", b"[]", b'{"process": 1}', b"\xff" * 100):
        (tmp_path / ".minibig-lock").write_bytes(content)
        with pytest.raises(StorageError, match=r"^another process works in"), locked(tmp_path):
            pass


def failing(number):
    def fail(descriptor):
        raise OSError(number, os.strerror(number))

    return fail


def test_a_file_system_without_locks_is_a_warning(tmp_path, monkeypatch):
    monkeypatch.setattr(lock, "_lock", failing(errno.ENOLCK))
    with pytest.warns(UserWarning, match="file system without locks"), locked(tmp_path):
        pass
    assert os.listdir(tmp_path) == []


def test_other_failures_are_one_sentence(tmp_path, monkeypatch):
    def read_only(*arguments):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError, match="cannot be written"), locked(tmp_path / "file"):
        pass
    monkeypatch.setattr(lock, "_lock", failing(errno.EIO))
    with pytest.raises(StorageError, match="cannot be locked: Input/output"), locked(tmp_path):
        pass
    monkeypatch.setattr(os, "open", read_only)
    with pytest.raises(StorageError, match="cannot be locked: Read-only"), locked(tmp_path):
        pass


def test_who_waits_while_the_file_is_removed_tries_again(tmp_path, monkeypatch):
    """Between opening and locking, the one who held the lock removed its file."""
    real, removed = lock._lock, []

    def late(descriptor):
        if not removed:
            removed.append((tmp_path / ".minibig-lock").unlink())
        real(descriptor)

    monkeypatch.setattr(lock, "_lock", late)
    with locked(tmp_path):
        assert os.listdir(tmp_path) == [".minibig-lock"]
    assert removed


@posix
@pytest.mark.parametrize(
    "make",
    [
        lambda lock, theirs: lock.symlink_to(theirs),
        lambda lock, theirs: lock.symlink_to(theirs.with_name("not there")),
        lambda lock, theirs: lock.hardlink_to(theirs),
        lambda lock, theirs: lock.mkdir(),
        lambda lock, theirs: os.mkfifo(lock),
    ],
    ids=["link", "link to nothing", "hard link", "folder", "pipe"],
)
def test_what_is_no_lock_of_ours_is_neither_written_nor_removed(tmp_path, make):
    theirs, folder = tmp_path / "theirs", tmp_path / "run"
    theirs.write_text("precious")
    folder.mkdir()
    make(folder / ".minibig-lock", theirs)
    with pytest.raises(StorageError, match="is in the way"), locked(folder):
        pass
    assert os.path.lexists(folder / ".minibig-lock")
    assert {path.name for path in tmp_path.iterdir()} == {"theirs", "run"}
    assert theirs.read_text() == "precious"

"""The folder of a run: what is killed while it begins anew is found again, the old or the new."""

import contextlib
import os

import pytest

from minibig.files import StorageError
from minibig.recipes.folder import (
    TextRecord,
    check_folder,
    is_run,
    read_record,
    run_folder,
    write_record,
)


class Killed(BaseException):
    """What stands for SIGKILL: nothing works any more after it."""


def begin(folder, name, *, restart):
    with run_folder(folder, restart=restart):
        if is_run(folder):
            return
        (folder / "checkpoints").mkdir()
        (folder / "checkpoints" / "latest.json").write_text(name)
        write_record(folder, [name], {"seed": 1}, TextRecord(name="a.txt"))


def state(folder):
    record = read_record(folder)
    assert record.command == ((folder / "checkpoints" / "latest.json").read_text(),)
    return record.command[0]


@pytest.mark.parametrize("call", range(24))
def test_killed_anywhere_in_a_restart_the_next_start_recovers(tmp_path, monkeypatch, call):
    """Without --restart, too; and nothing of the half one is left."""
    folder, count, names = tmp_path / "run", 0, ("rename", "replace", "mkdir", "fsync")
    begin(folder, "old", restart=False)
    (folder / "notes.txt").write_text("mine")

    def dying(real):
        def wrapped(*arguments, **keywords):
            nonlocal count
            count += 1
            if count > call:
                raise Killed
            return real(*arguments, **keywords)

        return wrapped

    with monkeypatch.context() as patch:
        for name in names:
            patch.setattr(os, name, dying(getattr(os, name)))
        with contextlib.suppress(Killed):
            begin(folder, "new", restart=True)
    killed = count > call
    check_folder(folder)
    begin(folder, "next", restart=False)
    assert state(folder) in (("old", "new") if killed else ("new",))
    assert sorted(os.listdir(folder)) == ["checkpoints", "notes.txt", "run.json"]


def test_a_restart_that_cannot_begin_leaves_the_old_run(tmp_path):
    begin(tmp_path / "run", "old", restart=False)
    with pytest.raises(StorageError), run_folder(tmp_path / "run", restart=True):
        raise StorageError("the text is not there")
    assert state(tmp_path / "run") == "old"

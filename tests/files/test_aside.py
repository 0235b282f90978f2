"""To begin anew: whatever is killed in between, one run is there as a whole, the old or the new."""

import os
import shutil

import pytest
from kills import killed_at

from minibig.files import StorageError, discard, restore, set_aside, settle, write_file

RECORD, PARTS = "run.json", ["run.json", "model", "metrics.jsonl", "report.html"]


def old_run(folder):
    folder.mkdir()
    for name in (RECORD, "metrics.jsonl"):
        (folder / name).write_text("old")
    (folder / "model").mkdir()
    (folder / "model" / "weights").write_text("old")
    (folder / "notes.txt").write_text("mine")


def contents(folder):
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in folder.rglob("*")
        if path.is_file()
    }


OLD = {RECORD: "old", "metrics.jsonl": "old", "model/weights": "old", "notes.txt": "mine"}
NEW = {RECORD: "new", "metrics.jsonl": "new", "notes.txt": "mine"}


def begin_anew(folder):
    set_aside(folder, RECORD, PARTS)
    write_file(folder / "metrics.jsonl", b"new")  # before the record, and after it
    write_file(folder / RECORD, b"new")
    discard(folder)


def test_the_old_run_goes_when_the_new_one_has_its_record(tmp_path):
    old_run(tmp_path / "run")
    begin_anew(tmp_path / "run")
    assert contents(tmp_path / "run") == NEW
    assert sorted(os.listdir(tmp_path / "run")) == ["metrics.jsonl", "notes.txt", RECORD]


def test_a_new_run_that_cannot_begin_leaves_the_old_one(tmp_path):
    old_run(tmp_path / "run")
    set_aside(tmp_path / "run", RECORD, PARTS)
    assert contents(tmp_path / "run").keys() >= {"notes.txt"}
    assert not (tmp_path / "run" / RECORD).exists()
    (tmp_path / "run" / "model").mkdir()
    (tmp_path / "run" / "model" / "weights").write_text("half")
    restore(tmp_path / "run", RECORD)
    assert contents(tmp_path / "run") == OLD


@pytest.mark.parametrize("call", range(40))
def test_a_kill_at_every_call_to_the_system_leaves_the_old_run_or_the_new(tmp_path, call):
    """Killed once while beginning anew, then once more while the next start recovers."""
    folder = tmp_path / "run"
    old_run(folder)
    killed_early = killed_at(call, lambda: begin_anew(folder))
    shutil.copytree(folder, tmp_path / "copy")
    killed_at(call % 7, lambda: settle(folder, RECORD))
    for place in (folder, tmp_path / "copy"):
        settle(place, RECORD)
        assert contents(place) in (OLD, NEW)
        assert not (place / ".minibig-previous").exists()
    assert killed_early or contents(folder) == NEW


@pytest.mark.parametrize("moved", range(3))
def test_a_part_that_cannot_be_moved_leaves_all_as_it_was(tmp_path, monkeypatch, moved):
    folder, real, done = tmp_path / "run", os.rename, []
    old_run(folder)

    def failing(old, new):
        done.append(new)
        if len(done) == moved + 1:
            raise OSError(5, "Input/output error")
        real(old, new)

    monkeypatch.setattr(os, "rename", failing)
    with pytest.raises(StorageError, match="cannot be written: Input/output error"):
        set_aside(folder, RECORD, PARTS)
    assert contents(folder) == OLD


def test_a_folder_without_a_run_is_left_alone(tmp_path):
    (tmp_path / "model").mkdir()
    set_aside(tmp_path, RECORD, PARTS)
    settle(tmp_path, RECORD)
    restore(tmp_path, RECORD)
    discard(tmp_path)
    assert os.listdir(tmp_path) == ["model"]


def test_beginning_anew_twice_keeps_the_last(tmp_path):
    old_run(tmp_path / "run")
    for _ in range(2):
        begin_anew(tmp_path / "run")
    assert contents(tmp_path / "run") == NEW
    set_aside(tmp_path / "run", RECORD, PARTS)
    write_file(tmp_path / "run" / RECORD, b"newer")
    set_aside(tmp_path / "run", RECORD, PARTS)  # the one before had begun: it is what is kept
    restore(tmp_path / "run", RECORD)
    assert contents(tmp_path / "run") == {RECORD: "newer", "notes.txt": "mine"}

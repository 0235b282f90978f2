"""Disks and folders that fail a run: the last good checkpoint stays, one line, exit code 1.

The faults are real: a disk of a few hundred kilobytes, a disk that may not be written, a user
without permission. They need a mount in a namespace of its own, or the right to be somebody else.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from .commands import COMMAND, ROOT, TINY, called, environment, flags

WAIT = 300
SETTINGS = flags({**TINY, "steps": 12, "checkpoint_every": 1, "evaluate_every": 4})


def _can(*command):
    try:
        return subprocess.run(command, capture_output=True, timeout=30).returncode == 0
    except OSError:
        return False


can_mount = pytest.mark.skipif(
    not _can("unshare", "--mount", "true"), reason="no mount in a namespace of its own is allowed"
)
is_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may become somebody else"
)

# Runs in a namespace of its own, so that the disk is gone when the process is.
ON_A_DISK = """
import os, subprocess, sys
from pathlib import Path
from minibig.storage import load, load_checkpoint
disk, size, *command = sys.argv[1:]
def mount(*options):
    subprocess.run(["mount", "-t", "tmpfs", *options, "tmpfs", disk], check=True)
def run():
    done = subprocess.run(command, capture_output=True, text=True)
    lines = [line for line in done.stderr.splitlines() if "fontconfig" not in line.lower()]
    print(done.returncode, len(lines), *lines)
run_folder = Path(disk, "run")
"""
FULL = """
mount("-o", f"size={size}k")
run()
for name in ("checkpoints/latest.json", "model/config.json", "best/config.json"):
    if (run_folder / name).exists():
        load_checkpoint(run_folder / "checkpoints") if "latest" in name else load(
            (run_folder / name).parent)
print("readable")
mount("-o", "remount,size=64m")
run()
print(load_checkpoint(run_folder / "checkpoints")[1]["step"], list(run_folder.rglob("*.tmp")))
"""
READ_ONLY = """
mount("-o", "size=64m")
run()
step = load_checkpoint(run_folder / "checkpoints")[1]["step"]
mount("-o", "remount,ro")
for further in ([], ["--restart"]):
    command += further
    run()
    print(step == load_checkpoint(run_folder / "checkpoints")[1]["step"])
"""


def on_a_disk(script, disk, size, text_file, *more):
    command = [*COMMAND, "train", "--data", str(text_file), "--out", str(disk / "run"), *SETTINGS]
    alone = ["unshare", "--mount", sys.executable, "-c", ON_A_DISK + script, str(disk), str(size)]
    done = subprocess.run(
        [*alone, *command, *more],
        capture_output=True, text=True, env=environment(), timeout=WAIT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@can_mount
@pytest.mark.long
def test_a_full_disk_stops_a_run_that_goes_on_when_there_is_room(tmp_path, text_file, amount):
    sizes = amount([100], list(range(8, 264, 8)))
    stopped = 0
    for size in sizes:
        first, readable, again, last = on_a_disk(FULL, tmp_path, size, text_file)
        code, n_lines, *words = first.split()
        assert (code, n_lines) in [("1", "1"), ("0", "0")] and readable == "readable", first
        if code == "1":
            stopped += 1
            assert "No space left on device" in " ".join(words)
        assert (again, last) == ("0 0", "12 []")
    assert stopped
    print(f"{stopped} of {len(sizes)} disks were full before the end: each run went on afterwards")


@can_mount
def test_a_disk_that_may_not_be_written_leaves_what_is_there(tmp_path, text_file):
    first, *later = on_a_disk(READ_ONLY, tmp_path, 0, text_file, "--seed", "0")
    assert first == "0 0"
    finished, kept, anew, kept_again = later
    assert (kept, kept_again) == ("True", "True")
    for line in (finished, anew):
        code, n_lines, *words = line.split()
        assert (code, n_lines) == ("1", "1") and "Read-only file system" in " ".join(words), line


AS_NOBODY = """
import os, sys
import numpy.random, psutil, tqdm, matplotlib.figure  # they may lie where only root can read
import minibig.cli.commands.train
from minibig.recipes import changed_by_file, extended, pretrain
from minibig.cli import main
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
for out in ("theirs", "new"):
    print(main([*sys.argv[1:], "--out", out]))
"""


@is_root
def test_a_user_without_permission_is_told_in_one_line(finished_run, text_file):
    with tempfile.TemporaryDirectory() as name:  # below a folder that others may enter
        folder = Path(name)
        folder.chmod(0o755)
        shutil.copytree(finished_run, folder / "theirs")
        shutil.copy(text_file, folder / "text.txt")
        for path in (folder / "text.txt", *(folder / "theirs").rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        (folder / "theirs").chmod(0o755)
        before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
        settings = ["--data", folder / "text.txt", *SETTINGS, "--seed", "1", "--restart"]
        done = subprocess.run(
            [sys.executable, "-c", AS_NOBODY, "train", *settings],
            capture_output=True, text=True, env=environment(), timeout=WAIT, cwd=folder,
        )  # fmt: skip
        assert done.stdout == "1\n1\n", done.stderr
        complaints = done.stderr.splitlines()
        assert len(complaints) == 2 and all("Permission denied" in line for line in complaints)
        assert before == {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


@pytest.mark.parametrize("name", ["checkpoints/latest.json", "model", "metrics.jsonl", "tokens"])
def test_something_in_the_way_is_one_line_and_stays(tmp_path, text_file, name):
    run = tmp_path / "run"
    (run / name).parent.mkdir(parents=True, exist_ok=True)
    if name == "checkpoints/latest.json":
        name = "run.json"
    if name in ("model", "tokens"):
        (run / name).write_text("mine")
    else:
        (run / name).mkdir()
        (run / name / "mine").write_text("mine")
    done = called("train", "--data", text_file, "--out", run, *SETTINGS)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    mine = run / name if (run / name).is_file() else run / name / "mine"
    assert mine.read_text() == "mine"


VANISHING = """
import shutil, sys, threading, time
from pathlib import Path
from minibig.cli import main
run = Path(sys.argv[1])
def remove():
    while not (run / "metrics.jsonl").exists() or (run / "metrics.jsonl").stat().st_size < 1500:
        time.sleep(0.01)
    run.rename(run.with_name("elsewhere"))
threading.Thread(target=remove, daemon=True).start()
raise SystemExit(main(sys.argv[2:]))
"""


def test_a_folder_that_vanishes_is_one_line_and_the_run_goes_on_where_it_lies(tmp_path, text_file):
    run = tmp_path / "run"
    settings = flags({**TINY, "steps": 2000, "checkpoint_every": 5, "evaluate_every": 0})
    command = ["train", "--data", str(text_file), "--out", str(run), *settings]
    done = subprocess.run(
        [sys.executable, "-c", VANISHING, str(run), *command],
        capture_output=True, text=True, env=environment(), timeout=WAIT, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 1 and done.stderr.count("\n") == 1, done.stderr
    assert "run" in done.stderr
    resumed = called("info", tmp_path / "elsewhere")
    assert resumed.returncode == 0, resumed.stderr

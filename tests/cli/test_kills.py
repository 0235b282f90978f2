"""`minibig train` killed with SIGKILL at any moment, while it saves after every single step."""

import json
import random
import subprocess
import sys
import time

import pytest

from minibig.storage import list_checkpoints, load, load_checkpoint, load_tensors
from minibig.training import Metrics
from minibig.training.metrics import WALL_CLOCK

from .commands import COMMAND, TINY, environment, flags

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
SAVING = {
    **TINY,
    "dropout": 0.1,
    "accumulation": 2,
    "checkpoint_every": 1,
    "evaluate_every": 1,
    "sample_every": 7,
}


def training(run, text_file, steps):
    settings = flags({**SAVING, "steps": steps})
    arguments = ["train", "--data", str(text_file), "--out", str(run), *settings]
    return subprocess.Popen(
        [*COMMAND, *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )


def remains(run):
    """All that a finished run leaves, apart from the time it took."""
    arrays, state = load_checkpoint(run / "checkpoints")
    del state["run"]["seconds"], state["run"]["spent"]
    lines = Metrics(run / "metrics.jsonl").read()
    return {
        "arrays": {name: array.tobytes() for name, array in arrays.items()},
        "state": state,
        "metrics": [{k: v for k, v in line.items() if k not in WALL_CLOCK} for line in lines],
        "model": (run / "model" / "model.safetensors").read_bytes(),
        "best": (run / "best" / "model.safetensors").read_bytes(),
    }


def temporary(run):
    """What is still being written, or was when the process was killed."""
    return {path for path in run.rglob("*.tmp")}


def check_readable(run):
    """Every file that has its own name can be read, and every checkpoint is whole."""
    for path in run.rglob("*"):
        if path.suffix == ".tmp" or any(p.suffix == ".tmp" for p in path.parents):
            continue
        if path.suffix == ".json":
            json.loads(path.read_bytes())
        elif path.suffix == ".safetensors":
            load_tensors(path)
    if (run / "checkpoints").is_dir():
        for path in list_checkpoints(run / "checkpoints"):
            load_checkpoint(path)
        if (run / "checkpoints" / "latest.json").exists():
            load_checkpoint(run / "checkpoints")
    for name in ("model", "best"):
        if (run / name / "config.json").exists():
            load(run / name)
    Metrics(run / "metrics.jsonl").read()


def has_stepped(run, began):
    """Whether the run has made a step since that time."""
    metrics = run / "metrics.jsonl"
    return metrics.exists() and metrics.stat().st_mtime > began


@pytest.mark.long
def test_a_kill_at_any_moment_costs_nothing(tmp_path, text_file, amount):
    kills, steps, chance = amount(2, 200), amount(10, 60), random.Random(0)
    _, complaint = training(tmp_path / "whole", text_file, steps).communicate(timeout=120)
    assert complaint == ""
    whole = remains(tmp_path / "whole")
    killed = within = runs = 0
    run, left = tmp_path / "0", set()
    while killed < kills or run.exists():
        began = time.time()
        process = training(run, text_file, steps)
        try:
            deadline = chance.uniform(0.3, 3.0) if killed < kills else 120
            _, complaint = process.communicate(timeout=deadline)
            assert (process.returncode, complaint) == (0, "")
            assert not temporary(run)
            assert remains(run) == whole
            runs += 1
            run, left = tmp_path / str(runs), set()
            continue
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate(timeout=60)
        killed += 1
        check_readable(run)
        now = temporary(run)
        within += bool(now)
        if has_stepped(run, began):
            assert not now & left, "a stale file survived the next start"
        left = now
    print(f"{killed} kills of `minibig train` while it saved after each step, {within} of them")
    print(f"  within a file: {runs} runs finished with the bits of the unbroken one, no stale file")

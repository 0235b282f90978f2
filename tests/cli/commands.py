"""Running the command as a user does: another process, with a time-out."""

import os
import subprocess
import sys
from pathlib import Path

COMMAND = (sys.executable, "-m", "minibig")
ROOT = Path(__file__).resolve().parents[2]
TINY = {
    "tokenizer": "characters",
    "context_length": 8,
    "n_layers": 1,
    "n_heads": 1,
    "d_model": 8,
    "steps": 6,
    "batch_size": 2,
    "lr": 0.01,
    "min_lr": 0.0,
    "warmup_steps": 1,
    "evaluate_every": 3,
    "evaluate_batches": 2,
    "checkpoint_every": 2,
    "sample_every": 3,
    "sample_length": 5,
}


def environment(**variables):
    """The variables of a process; matplotlib and NumPy may warn, defects must not hide."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "MINIBIG_THREADS": "1", **variables}


def minibig(*arguments, input=None, folder=None, **variables):
    """Run the command; the result has `returncode`, `stdout` and `stderr`."""
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        input=input,
        capture_output=True,
        encoding=None if isinstance(input, bytes) else "utf-8",
        cwd=folder,
        env=environment(**variables),
        timeout=120,
    )


def flags(settings):
    """Settings as flags."""
    result = []
    for name, value in settings.items():
        values = value if isinstance(value, list) else [value]
        result += ["--" + name.replace("_", "-"), *map(str, values)]
    return result

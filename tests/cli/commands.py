"""Running the command: as a user does, in another process, or quicker, in this one."""

import contextlib
import io
import os
import subprocess
import sys
from pathlib import Path
from unittest import mock

from minibig.cli import main

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


def called(*arguments, input="", folder=None):
    """The same in this process, for where neither its start nor its end is what is tested."""
    given = input if isinstance(input, bytes) else input.encode()
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="\n") for _ in range(2))
    with contextlib.ExitStack() as around:
        stdin = io.TextIOWrapper(io.BytesIO(given), encoding="utf-8")
        around.enter_context(mock.patch.object(sys, "stdin", stdin))
        around.enter_context(contextlib.redirect_stdout(out))
        around.enter_context(contextlib.redirect_stderr(err))
        if folder is not None:
            around.enter_context(contextlib.chdir(folder))
        words = [str(argument) for argument in arguments]
        around.enter_context(mock.patch.object(sys, "argv", ["minibig", *words]))
        code = main(words)
        out.flush()
        err.flush()
    texts = [stream.buffer.getvalue().decode() for stream in (out, err)]
    return subprocess.CompletedProcess(arguments, code, *texts)


def flags(settings):
    """Settings as flags."""
    result = []
    for name, value in settings.items():
        values = value if isinstance(value, list) else [value]
        result += ["--" + name.replace("_", "-"), *map(str, values)]
    return result

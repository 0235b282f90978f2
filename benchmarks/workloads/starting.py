"""Starting: what an import costs beyond NumPy's own, and the command line until it has answered."""

import subprocess
import sys
from importlib import import_module

from benchmarks.workload import Action, Side, Workload


def importing(module: str) -> Action:
    """The import of a module, where NumPy is there already."""
    return lambda: import_module(module)


def minibig_import() -> Action:
    """`import minibig`."""
    return importing("minibig")


def torch_import() -> Action:
    """`import torch`."""
    return importing("torch")


def answering(*words: str) -> Action:
    """The command line, from its start to its end, in a process of its own."""
    command = [sys.executable, "-m", *words]
    return lambda: subprocess.run(command, stdout=subprocess.DEVNULL, check=True)


WORKLOADS = [
    Workload(
        name="import",
        what="the import, beyond NumPy's own",
        sides={
            "minibig": Side(minibig_import, ("numpy",)),
            "PyTorch": Side(torch_import, ("numpy",)),
        },
        warmup=0,
        repeats=1,
    ),
    Workload(
        name="command-line",
        what="`minibig --version`, from start to end",
        sides={"minibig": Side(lambda: answering("minibig", "--version"), ())},
        warmup=1,
        repeats=9,
    ),
]

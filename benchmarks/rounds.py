"""Rounds: each side in a fresh process, one after the other, in alternating order."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.results import Measurement, Result, SideResult
from benchmarks.workload import Side, Workload

ROOT = Path(__file__).resolve().parents[1]
_THREADS = ("MINIBIG", "OMP", "OPENBLAS", "MKL", "RAYON", "NUMEXPR", "VECLIB_MAXIMUM")
_HOW_TO_GET = "pip install -e '.[bench]'"
_DISTRIBUTIONS = {"minibig": "pip install -e .", "numba": "pip install -e '.[fast]'"}


@dataclass(frozen=True)
class Options:
    """How to run: rounds, device, threads of every library (None: as many as each takes), sizes."""

    rounds: int = 3
    device: str = "cpu"
    threads: int | None = None
    quick: bool = False
    sides: tuple[str, ...] = ()  # only these; none: all


class SideError(Exception):
    """Why a side could not be measured, in one sentence; `trace` is all that it said."""

    def __init__(self, sentence: str, trace: str = "", is_missing: bool = False):
        super().__init__(sentence)
        self.trace, self.is_missing = trace, is_missing


def order(names: list[str], rounds: int) -> Iterator[str]:
    """The sides in the order in which they run: forth and back, so that no side is always first.

    >>> list(order(["a", "b"], 3))
    ['a', 'b', 'b', 'a', 'a', 'b']
    """
    for number in range(rounds):
        yield from names[:: -1 if number % 2 else 1]


def compare(workload: Workload, options: Options, report: Callable[[str], None]) -> Result:
    """Measure all sides of a workload; `report` is told what runs, and why a side failed.

    A side that failed is not run again. Ctrl-C raises `Interrupted` with what was measured so far.
    """
    result = Result.of(workload)
    names = [name for name in workload.sides if not options.sides or name in options.sides]
    result.sides = {name: SideResult() for name in names}
    try:
        for name in order(names, options.rounds):
            side = result.sides[name]
            if side.error:
                continue
            report(f"{workload.name}: {name}, round {len(side.rounds) + 1} of {options.rounds}")
            try:
                side.rounds.append(measured(workload, name, options))
            except SideError as error:
                side.error, side.is_missing = str(error), error.is_missing
                report(error.trace)
    except KeyboardInterrupt:
        raise Interrupted(result) from None
    return result


class Interrupted(Exception):
    """Ctrl-C came; `result` has the rounds before."""

    def __init__(self, result: Result):
        super().__init__("interrupted")
        self.result = result


def measured(workload: Workload, name: str, options: Options) -> Measurement:
    """One side, measured in a fresh process.

    Raises:  SideError if the process cannot do it.
    """
    command = [sys.executable, "-m", "benchmarks.process", workload.name, name]
    command += ["--device", options.device, *["--quick"] * options.quick]
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=environment(workload.sides[name], options.threads),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=workload.timeout,
        )
    except subprocess.TimeoutExpired:
        sentence = f"it took longer than {workload.timeout:g} seconds and was stopped."
        raise SideError(sentence) from None
    return Measurement(**_answer(done))


def environment(side: Side, threads: int | None) -> dict[str, str]:
    """The environment of a side: bytecode is used, as in daily use, and all threads are alike."""
    known = {name: x for name, x in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    if threads is not None:
        known |= {f"{library}_NUM_THREADS": str(threads) for library in _THREADS}
        known["MINIBIG_THREADS"] = str(threads)
    return known | dict(side.environment)


def _answer(done: "subprocess.CompletedProcess[str]") -> Mapping[str, Any]:
    """What the process printed, or the error that it ended with as a sentence."""
    if done.returncode < 0:
        name = signal.Signals(-done.returncode).name
        memory = " Is there enough memory?" if name == "SIGKILL" else ""
        raise SideError(f"its process was ended by {name}.{memory}", done.stderr)
    lines = done.stdout.splitlines() or [""]
    if done.returncode == 3:
        module = json.loads(lines[-1])["missing"]
        how = _DISTRIBUTIONS.get(module, _HOW_TO_GET)
        raise SideError(f"{module} is not installed. Get it with: {how}", is_missing=True)
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        last = said[-1].strip() if said else f"its process ended with status {done.returncode}"
        raise SideError(last, done.stderr)
    return json.loads(lines[-1])

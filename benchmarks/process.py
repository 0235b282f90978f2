"""What happens in the fresh process of one side: import, get ready, warm up, measure.

    python -m benchmarks.process step-small minibig

Its standard output is one line of JSON, whatever else the side prints. It is started by `rounds`.
"""

import argparse
import contextlib
import json
import statistics
import sys
import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.workload import Action, Workload
from benchmarks.workloads import WORKLOADS

_STATUS, _PEAK = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def peak_memory() -> int:
    """The most bytes of memory that this process has held, since `forget_peak` where there is one.

    Elsewhere than on Linux it is the most since the process began, or 0 where nobody knows.
    """
    if _STATUS.exists():
        lines = [line for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM")]
        return 1024 * int(lines[0].split()[1]) if lines else 0
    try:
        import resource
    except ImportError:  # Windows
        return 0
    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def forget_peak() -> None:
    """From here on the peak is that of what comes; where the system cannot, it stays as it is."""
    with contextlib.suppress(OSError):
        _PEAK.write_text("5")


def timed(action: Action, warmup: int, repeats: int) -> tuple[list[float], list[float]]:
    """Seconds of each repeat, by the clock and by the processor."""
    for _ in range(warmup):
        action()
    clock, processor = [], []
    for _ in range(repeats):
        start = time.perf_counter(), time.process_time()
        action()
        clock.append(time.perf_counter() - start[0])
        processor.append(time.process_time() - start[1])
    return clock, processor


def measure(workload: Workload, name: str, device: str = "cpu", quick: bool = False) -> Any:
    """What one process says about one side: a dictionary for `results.Measurement`."""
    side, arguments = workload.sides[name], workload.arguments(device, quick)
    repeats = 1 if quick else workload.repeats
    for module in side.needs:
        import_module(module)
    forget_peak()
    before = peak_memory()
    action = side.prepare(**arguments)
    clock, processor = timed(action, 0 if quick else workload.warmup, repeats)
    found = {
        "seconds": statistics.median(clock),
        "best": min(clock),
        "processor": statistics.median(processor),
        "memory": float(peak_memory() - before),
        "imports": float(before),
        "amount": float(workload.amount(**arguments)),
        "limit": 0.0,
    }
    if workload.limit is not None and device == "cpu" and "minibig" in side.needs:
        del action
        parts = workload.limit.prepare(**arguments).values()
        found["limit"] = sum(statistics.median(timed(part, 1, repeats)[0]) for part in parts)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure one side and print the result; 3 if a module is missing, which is named."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.process", description=__doc__)
    parser.add_argument("workload", choices=WORKLOADS)
    parser.add_argument("side")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--quick", action="store_true")
    given = parser.parse_args(arguments)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            found = measure(WORKLOADS[given.workload], given.side, given.device, given.quick)
    except ModuleNotFoundError as error:
        print(json.dumps({"missing": error.name}))
        return 3
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())

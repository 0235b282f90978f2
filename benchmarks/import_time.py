"""What `import minibig` costs beyond NumPy's own import: fresh processes, one after the other.

    python benchmarks/import_time.py

Each process imports NumPy first and reports both times itself, as time on the clock and as time of
the processor, which other programs disturb less. Compiled bytecode is used, as in daily use.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys

ROUNDS = 20
PROGRAM = """
import json, time
times = [(time.perf_counter(), time.process_time())]
import numpy
times.append((time.perf_counter(), time.process_time()))
import minibig
times.append((time.perf_counter(), time.process_time()))
print(json.dumps(times))
"""


def milliseconds() -> tuple[float, ...]:
    """The imports of NumPy and of minibig in a fresh process, each by clock and by processor."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    start, middle, end = json.loads(done.stdout)
    pairs = [*zip(start, middle, strict=True), *zip(middle, end, strict=True)]
    return tuple(1e3 * (after - before) for before, after in pairs)


def main() -> None:
    """Print the best and the median of every time."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    milliseconds()  # compiles what has no bytecode yet
    columns = zip(*[milliseconds() for _ in range(ROUNDS)], strict=True)
    print(f"{'import':24} {'best ms':>8} {'median ms':>10}")
    names = ("numpy, clock", "numpy, processor", "minibig, clock", "minibig, processor")
    for name, times in zip(names, columns, strict=True):
        print(f"{name:24} {min(times):8.1f} {statistics.median(times):10.1f}")


if __name__ == "__main__":
    main()

"""The overhead of one small operation, forward and backward: minibig against PyTorch eager.

    python benchmarks/small_operations.py

A chain of 2,000 additions or products of 4 x 4 tensors, recorded and differentiated, in alternating
processes; microseconds an operation.
"""

import argparse
import importlib.util
import json
import statistics
import subprocess
import sys
import time

import numpy as np

LENGTH, REPEATS, ROUNDS = 2000, 5, 3


def measure(side: str) -> dict[str, float]:
    """Microseconds for each operation on one side, the best of a few repeats."""
    values = np.ones((4, 4), np.float32)
    if side == "minibig":
        import minibig as mb

        w = mb.tensor(values, requires_grad=True)
    else:
        import torch

        w = torch.from_numpy(values).requires_grad_()
    results = {}
    for name in ("add", "mul"):
        times = []
        for _ in range(REPEATS):
            start = time.perf_counter()
            y = w
            for _ in range(LENGTH):
                y = y + w if name == "add" else y * w
            y.sum().backward()
            times.append(time.perf_counter() - start)
        results[name] = 1e6 * min(times) / LENGTH
    return results


def main() -> None:
    """Run both sides alternately and print the medians and their ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--one", metavar="SIDE", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.one)))
        return
    if importlib.util.find_spec("torch") is None:
        parser.error("it compares with PyTorch, which is missing: pip install -e '.[bench]'")
    results: dict[str, list[dict[str, float]]] = {"minibig": [], "torch": []}
    for _ in range(ROUNDS):
        for side, measured in results.items():
            command = [sys.executable, __file__, "--one", side]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            measured.append(json.loads(done.stdout))
    print(f"{'operation':10} {'minibig us':>11} {'torch us':>9} {'ratio':>6}")
    for name in ("add", "mul"):
        ours, theirs = ([m[name] for m in results[side]] for side in results)
        ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
        medians = f"{statistics.median(ours):11.1f} {statistics.median(theirs):9.1f}"
        print(f"{name:10} {medians} {ratio:6.2f}")


if __name__ == "__main__":
    main()

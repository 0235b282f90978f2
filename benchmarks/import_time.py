"""What `import minibig` costs beyond NumPy's own import: alternating fresh processes.

python benchmarks/import_time.py
"""

import statistics
import subprocess
import sys
import time


def seconds(statement: str) -> float:
    """The time of a fresh interpreter that runs one statement."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True)
    return time.perf_counter() - start


def main() -> None:
    """Print the medians of both imports and of their difference."""
    pairs = [(seconds("import numpy"), seconds("import minibig")) for _ in range(15)]
    numpy, minibig = (statistics.median(side) for side in zip(*pairs, strict=True))
    extra = statistics.median(ours - theirs for theirs, ours in pairs)
    print(f"import numpy {numpy:.3f} s, import minibig {minibig:.3f} s, extra {extra:.3f} s")


if __name__ == "__main__":
    main()

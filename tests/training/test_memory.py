"""Memory as the system counts it."""

import subprocess
import sys

from minibig.training import machine_memory, process_memory


def test_what_is_allocated_is_counted():
    code = (
        "import numpy as np\n"
        "from minibig.training import process_memory\n"
        "before = process_memory()\n"
        "array = np.ones(25_000_000)\n"  # 200 MB
        "print(process_memory() - before)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60, check=True)
    assert 190e6 < int(done.stdout) < 300e6


def test_the_machine_has_more_than_the_process():
    total, free = machine_memory()
    assert 0 < free < total
    assert process_memory() < total

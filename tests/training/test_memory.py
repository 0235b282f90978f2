import os
import subprocess
import sys

import pytest

from minibig.training import machine_memory, process_memory


@pytest.mark.skipif(process_memory() is None, reason="the system does not say")
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
    memory = machine_memory()
    if memory is None:
        pytest.skip("the system does not say")
    total, free = memory
    assert 0 < free < total
    assert process_memory() < total


def test_a_system_that_does_not_say_is_no_error(monkeypatch):
    monkeypatch.setattr("minibig.training.memory.Path", lambda path: (_ for _ in ()).throw(OSError))

    def unknown(name):
        raise ValueError("unrecognized configuration name")

    if hasattr(os, "sysconf"):
        monkeypatch.setattr(os, "sysconf", unknown)
        assert machine_memory() is None
    held = process_memory()
    assert held is None or held > 1_000_000

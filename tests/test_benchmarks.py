"""The benchmarks say what they are, and what is wrong with what they were given."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = sorted((Path(__file__).parent.parent / "benchmarks").glob("*.py"))


def run(path, *arguments):
    command = [sys.executable, str(path), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_help_and_a_mistake_are_answered_before_anything_is_measured(path):
    assert f"    python benchmarks/{path.name}" in path.read_text(encoding="utf-8")
    helped, mistaken = run(path, "--help"), run(path, "--nonsense")
    assert helped.returncode == 0 and helped.stdout.startswith("usage: ")
    assert mistaken.returncode == 2 and "--nonsense" in mistaken.stderr
    assert "Traceback" not in mistaken.stderr


def test_a_configuration_that_is_not_there_is_refused_with_those_that_are():
    done = run(SCRIPTS[0].with_name("gpt_step.py"), "--configurations", "tiny")
    assert done.returncode == 2 and "small" in done.stderr and "Traceback" not in done.stderr

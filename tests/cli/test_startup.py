"""What a command imports before it does anything: that is all that its start costs beyond NumPy."""

import subprocess
import sys

import pytest

PROGRAM = """
import sys
from minibig.cli import main
code = main(sys.argv[1:])
print("\\n", *sys.modules, file=sys.stderr)
sys.exit(code)
"""
CORE = {"autograd", "backend", "cli", "files", "kernels", "ops"}  # with `import minibig` itself
SETTINGS = {"data", "models", "nn", "optim", "recipes", "training"}  # of a training
ALLOWED = {
    "--version": set(),
    "--help": set(),
    "info --help": set(),
    "plot --help": set(),
    "doctor --help": set(),
    "quickstart --help": set(),
    "generate --help": {"generation"},
    "chat --help": {"data", "dialogue", "evaluation", "generation", "nn", "tokenizers"},
    "train --help": SETTINGS,
    "tokenize train --help": SETTINGS | {"dialogue", "evaluation", "storage", "tokenizers"},
}
ELSEWHERE = {"numpy", "regex", "safetensors", "threadpoolctl"}  # none takes more than NumPy's 0.1 s
LATER = {"numpy.random", "tomllib"}  # 8 ms and 4 ms, needed by few commands


@pytest.mark.parametrize("words", ALLOWED)
def test_a_help_imports_only_what_its_options_are_made_of(words):
    command = [sys.executable, "-c", PROGRAM, *words.split()]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    modules = set(done.stderr.split())
    packages = {m.split(".")[1] for m in modules if m.startswith("minibig.") and m.count(".") > 1}
    assert packages <= CORE | ALLOWED[words]
    others = {name.partition(".")[0] for name in modules} - set(sys.stdlib_module_names)
    installed = {name for name in others if not name.startswith("_")} - {"minibig"}
    assert installed <= ELSEWHERE
    assert not modules & LATER

"""A type checker outside sees the types of tensors and of the engine's public functions."""

import importlib.util
import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest

import minibig
from minibig import autograd, backend, ops
from minibig.ops.methods import METHODS, OPERATORS

ROOT = Path(minibig.__file__).parents[1]
SCRIPT = """
import minibig as mb

x = mb.tensor([[1.0, 2.0]], requires_grad=True)
reveal_type(x)
reveal_type(x + 1.0)
reveal_type(2.0 * x)
reveal_type(x @ x.T)
reveal_type(x[0])
reveal_type(x == x)
reveal_type(x.sum(axis=0))
reveal_type(x.exp().reshape(2))
reveal_type(x.to("float64"))
reveal_type(mb.reshape(x, 2))
reveal_type(mb.hvp(mb.sum, x, x))
reveal_type(mb.concatenate([x, x], 1))
reveal_type(mb.clip(x, 0, 1))
reveal_type(x.split(2))
reveal_type(x.grad)
reveal_type(x.shape)
reveal_type(x.device)
x.backward()
with mb.no_grad():
    pass
"""
DEVICE = "tuple[str, int, fallback=Device]"  # as mypy writes the named tuple Device
EXPECTED = [*["Tensor"] * 13, "tuple[Tensor, ...]", "Tensor | None", "tuple[int, ...]", DEVICE]


def test_the_package_says_that_it_has_types():
    assert (ROOT / "minibig" / "py.typed").is_file()


@pytest.mark.parametrize("package", [backend, autograd])
def test_public_functions_of_the_engine_are_annotated(package):
    for name, value in vars(package).items():
        if inspect.isfunction(value) and not name.startswith("_"):
            signature = inspect.signature(value)
            assert signature.return_annotation is not signature.empty, name
            for parameter in signature.parameters.values():
                assert parameter.annotation is not parameter.empty or parameter.name == "self", name


def test_the_table_of_methods_is_declared_for_type_checkers():
    text = (ROOT / "minibig/autograd/tensor_methods.pyi").read_text(encoding="utf-8")
    declared = text.replace("(", " ").split()
    assert {*OPERATORS, *METHODS} <= set(declared)


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("mypy") is None, reason="mypy is not installed")
def test_a_script_outside_sees_tensors(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", "script.py"],
        cwd=tmp_path,
        env={**os.environ, "MYPYPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stdout
    notes = [line.partition('is "')[2][:-1] for line in done.stdout.splitlines() if "note" in line]
    short = [n.replace("minibig.autograd.tensors.", "").replace("builtins.", "") for n in notes]
    short = [n.replace("minibig.backend.devices.", "") for n in short]
    assert short == EXPECTED


def test_operations_that_are_functions_say_what_they_return():
    """Primitives and fusibles are objects, whose calls have a type of their own."""
    for name, value in vars(ops).items():
        if inspect.isfunction(value):
            assert inspect.signature(value).return_annotation is not inspect.Signature.empty, name

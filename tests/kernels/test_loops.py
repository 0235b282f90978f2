"""Loops run whatever state the compiler is in: without it, or with a cache that is of no use."""

import importlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from minibig.kernels import loops

ROOT = Path(loops.__file__).parents[2]
ONE_LOOP = """
import numpy as np, minibig as mb
from minibig.kernels.products import sum_rows
x, w, bias = (mb.ones(shape, dtype="float32") for shape in ((3, 2), (2, 2), (2,)))
bias.requires_grad = True
mb.linear(x, w, bias).sum().backward()
assert bias.grad.tolist() == [3.0, 3.0]
assert mb.kernels.loops.obstacle() or sum_rows.is_compiled()
print(mb.kernels.loops.obstacle() or bool(sum_rows.machine.stats.cache_hits))
"""
needs_numba = pytest.mark.skipif(bool(loops.obstacle()), reason="there is no Numba to compile")


def run(*, path=(), code=ONE_LOOP, **environment):
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(map(str, [*path, ROOT])),
            "MINIBIG_KERNELS": "on",
            **{name: str(value) for name, value in environment.items()},
        },
        cwd=path[0] if path else ROOT,  # Python looks there first
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("raise ImportError('Numba needs NumPy 2.4 or less')", "Numba needs NumPy 2.4 or less"),
        ("import os; os.nothing", "module 'os' has no attribute 'nothing'"),
        ("", "cannot import name 'types' from 'numba'"),
    ],
)
def test_numba_that_cannot_be_imported_is_warned_of_once_and_numpy_runs(tmp_path, content, reason):
    (tmp_path / "numba").mkdir()
    (tmp_path / "numba" / "__init__.py").write_text(content)
    (tmp_path / "llvmlite.py").write_text("ir = None")
    done = run(path=[tmp_path])
    assert done.stdout.startswith(f"Numba cannot be used here: {reason}")
    assert done.stderr.count("Kernels run on NumPy.") == 1


def test_without_numba_nothing_is_said_on_the_way(tmp_path):
    missing = "raise ModuleNotFoundError('No module named numba', name='numba')"
    (tmp_path / "numba.py").write_text(missing)
    done = run(path=[tmp_path])
    assert (done.stdout, done.stderr) == (f"{loops.NO_NUMBA}\n", "")


@needs_numba
def test_numba_that_is_told_not_to_compile_is_not_used():
    done = run(NUMBA_DISABLE_JIT=1)
    assert done.stdout == "Numba cannot be used here: NUMBA_DISABLE_JIT is set\n"


@needs_numba
def test_numba_before_0_62_is_not_used_since_it_would_end_the_process(monkeypatch):
    numba = importlib.import_module("numba")
    compiling = importlib.import_module("minibig.kernels.compiled.compiling")
    monkeypatch.setattr(numba, "version_info", numba.version_info._replace(short=(0, 61)))
    spec = importlib.util.spec_from_file_location("compiling_again", compiling.__file__)
    with pytest.raises(ImportError, match=r"but 0\.62 or a newer one is needed"):
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


def test_an_unknown_value_of_minibig_kernels_is_one_sentence():
    sentence = "MINIBIG_KERNELS must be one of on, numpy, off; got 'numpi'."
    environment = {**os.environ, "MINIBIG_KERNELS": "numpi", "PYTHONPATH": str(ROOT)}
    for words, start in (["-c", "import minibig"], "ValueError"), (["-m", "minibig"], "minibig"):
        done = subprocess.run(
            [sys.executable, *words], env=environment, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 1
        assert done.stderr.splitlines()[-1] == f"{start}: {sentence}"


@needs_numba
@pytest.mark.slow
@pytest.mark.parametrize("ending", [".nbi", ".nbc"])
def test_what_is_kept_of_a_loop_is_found_again_and_made_anew_if_it_is_damaged(tmp_path, ending):
    assert run(NUMBA_CACHE_DIR=tmp_path).stdout == "False\n"
    assert run(NUMBA_CACHE_DIR=tmp_path).stdout == "True\n"
    for path in tmp_path.rglob(f"*{ending}"):
        path.write_bytes(path.read_bytes()[:40])
    for _ in range(2):  # compiled for itself, and then to be kept
        done = run(NUMBA_CACHE_DIR=tmp_path)
        assert (done.stdout, done.stderr) == ("False\n", "")
    assert run(NUMBA_CACHE_DIR=tmp_path).stdout == "True\n"


@needs_numba
@pytest.mark.slow
def test_a_loop_is_compiled_anew_if_what_is_inlined_in_it_has_changed(tmp_path):
    """Numba keeps a loop as long as its own file is the same."""
    package = shutil.copytree(
        ROOT / "minibig", tmp_path / "minibig", ignore=shutil.ignore_patterns("__pycache__")
    )
    settings = {"path": [tmp_path], "NUMBA_CACHE_DIR": tmp_path / "cache"}
    assert run(**settings).stdout == "False\n"
    assert run(**settings).stdout == "True\n"
    changed = package / "kernels" / "compiled" / "compiling.py"
    changed.write_text(changed.read_text("utf-8") + "# of another version\n", "utf-8")
    assert run(**settings).stdout == "False\n"

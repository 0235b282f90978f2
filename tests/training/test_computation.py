"""What computes a run is said in one form, and the installed extra is asked for where it helps."""

import subprocess
import sys

import pytest

import minibig as mb
from minibig.kernels import loops
from minibig.training.computation import (
    CUDA,
    FORMULAS,
    NUMPY,
    computed_by,
    has_to_compile,
    speed_of,
)


def test_loops_in_numpy_are_said_and_what_would_be_faster_only_if_it_is_missing(monkeypatch):
    layer = mb.nn.Linear(2, 2)
    monkeypatch.setattr(loops, "obstacle", lambda: loops.NO_NUMBA)
    assert computed_by(layer) == NUMPY
    assert speed_of(layer) == 'NumPy kernels; faster ones: pip install "minibig[fast]"'
    monkeypatch.setattr(loops, "obstacle", lambda: "MINIBIG_KERNELS=numpy")
    assert speed_of(layer) == computed_by(layer) == NUMPY
    assert not has_to_compile(layer)


def test_formulas_and_devices_are_told_apart(device):
    layer = mb.nn.Linear(2, 2).to(device)
    with mb.reference():
        assert computed_by(layer) == FORMULAS
    assert (computed_by(layer) == CUDA) == (device == "cuda")


def test_compiled_kernels_name_their_compiler():
    numba = pytest.importorskip("numba")
    if not loops.obstacle():
        assert computed_by(mb.nn.Linear(2, 2)) == f"compiled kernels (Numba {numba.__version__})"


def test_importing_minibig_and_an_operation_without_loops_do_not_import_numba():
    code = "import sys, minibig as mb; mb.tensor([1.0]) + 1; assert 'numba' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)

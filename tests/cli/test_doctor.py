"""What the doctor finds: on this machine, and on others that are less well."""

import sys
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
from fake_cupy import fake_cupy

from minibig.cli import main
from minibig.diagnosis import machine, self_test
from minibig.diagnosis.machine import BROKEN, GOOD, MISSING, findings
from minibig.kernels import loops

from .commands import minibig


@pytest.fixture(autouse=True)
def _no_speed_tests(monkeypatch):
    monkeypatch.setattr(self_test, "TESTS", {"a test": lambda: "fine"})


def found(part):
    return next(finding for finding in findings() if finding.part == part)


def test_this_machine_can_be_used_and_is_tested(tmp_path):
    done = minibig("doctor", folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [line.split() for line in done.stdout.splitlines() if line[:3] in ("ok ", "-- ", "!! ")]
    assert [row[1] for row in rows[:4]] == ["Python", "minibig", "NumPy", "BLAS"]
    assert {"threads", "memory", "CuPy", "CUDA", "MPI", "runs", "gradient"} <= {r[1] for r in rows}
    assert done.stdout.endswith("minibig can be used.\n")
    assert list(tmp_path.iterdir()) == []


def test_something_broken_is_named_and_is_exit_code_1(monkeypatch, capsys):
    def fails():
        raise ValueError("two\nlines")

    monkeypatch.setattr(self_test, "TESTS", {"a test": fails, "another": lambda: "fine"})
    assert main(["doctor"]) == 1
    shown = capsys.readouterr().out
    assert "!! a test" in shown and "ok another" in shown
    assert shown.endswith("broken: a test\n")


def test_what_is_missing_and_not_needed_is_no_reason_to_fail(monkeypatch, capsys):
    monkeypatch.setattr(machine, "_installed", lambda name: False)
    assert main(["doctor"]) == 0
    assert "-- CuPy" in capsys.readouterr().out
    assert found("CuPy").state == found("CUDA").state == found("MPI").state == MISSING
    assert "pip install 'minibig[gpu]'" in found("CuPy").advice


def test_versions_that_are_too_old_are_broken(monkeypatch):
    monkeypatch.setattr(np, "__version__", "1.26.4")
    monkeypatch.setattr(sys, "version_info", (3, 10, 1))
    assert found("NumPy").state == found("Python").state == BROKEN
    assert "numpy>=2.0" in found("NumPy").advice


def test_a_package_that_cannot_be_imported_is_broken(monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    finding = found("tqdm")
    assert finding.state == BROKEN and "pip install --force-reinstall tqdm" in finding.advice


def test_a_folder_that_cannot_be_written_is_said(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").write_text("a file")
    finding = found("runs")
    assert finding.state == MISSING and "runs cannot be written: " in finding.found
    assert found("this folder").state == GOOD


def test_little_memory_and_little_room_are_said(monkeypatch):
    monkeypatch.setattr(machine, "machine_memory", lambda: (4_000_000_000, 900_000_000))
    assert (found("memory").state, found("memory").found) == (MISSING, "0.9 GB of 4.0 GB free")
    monkeypatch.setattr(machine, "_LITTLE_ROOM", 1e18)
    assert "Make room" in found("this folder").advice


def test_cuda_is_described_or_the_reason_is_given(monkeypatch):
    monkeypatch.setattr(machine, "_installed", lambda name: name == "cupy-cuda12x")
    monkeypatch.setattr(metadata, "version", lambda name: "14.0")
    monkeypatch.setitem(sys.modules, "cupy", None)
    assert (found("CuPy").state, found("CuPy").found) == (GOOD, "14.0 (cupy-cuda12x)")
    assert found("CUDA").state == MISSING and "CuPy is not installed" in found("CUDA").found
    monkeypatch.undo()
    monkeypatch.setattr(machine, "_installed", lambda name: name == "cupy-cuda12x")
    monkeypatch.setattr(metadata, "version", lambda name: "14.0")
    with fake_cupy() as cupy:
        runtime = (cupy or sys.modules["cupy"]).cuda.runtime
        properties = {"name": b"A card"}
        monkeypatch.setattr(runtime, "getDeviceProperties", lambda i: properties, raising=False)
        monkeypatch.setattr(runtime, "memGetInfo", lambda: (10**9, 2 * 10**9), raising=False)
        monkeypatch.setattr(runtime, "runtimeGetVersion", lambda: 12040, raising=False)
        assert found("CUDA").found == "12.4, A card, 1.0 GB of 2.0 GB free"
        monkeypatch.setattr(runtime, "memGetInfo", lambda: 1 / 0)
        assert found("CUDA").state == MISSING and "ZeroDivisionError" in found("CUDA").found


def test_mpi_needs_a_package_and_a_launcher(monkeypatch):
    monkeypatch.setattr(machine, "_installed", lambda name: name == "mpi4py")
    monkeypatch.setattr(metadata, "version", lambda name: "4.1")
    monkeypatch.setattr(machine.shutil, "which", lambda name: None)
    assert found("MPI").found == "mpi4py 4.1, but no mpiexec"
    monkeypatch.setattr(machine.shutil, "which", lambda name: f"/usr/bin/{name}")
    assert (found("MPI").state, found("MPI").found) == (GOOD, "mpi4py 4.1, /usr/bin/mpiexec")


def test_kernels_that_are_off_are_said(monkeypatch):
    monkeypatch.setattr(machine, "KERNELS", "off")
    assert found("kernels").state == found("loops").state == MISSING
    monkeypatch.setattr(machine, "KERNELS", "on")
    assert found("kernels").state == GOOD


@pytest.mark.parametrize(
    ("obstacle", "advice"),
    [
        (loops.NO_NUMBA, 'pip install "minibig[fast]"'),
        ("Numba cannot be used here: a reason", "pip install --upgrade --force-reinstall numba"),
    ],
)
def test_loops_that_are_not_compiled_are_said_with_the_reason(monkeypatch, obstacle, advice):
    monkeypatch.setattr(machine, "KERNELS", "on")
    monkeypatch.setattr(loops, "obstacle", lambda: obstacle)
    finding = found("loops")
    assert (finding.state, finding.found) == (MISSING, f"in NumPy: {obstacle}")
    assert advice in finding.advice


def test_compiled_loops_are_said_with_their_version_and_place():
    if loops.obstacle():
        pytest.skip("there is no Numba to compile them")
    numba = pytest.importorskip("numba")
    finding = found("loops")
    assert finding.state == GOOD
    assert finding.found.startswith(f"compiled by Numba {numba.__version__}, kept in ")


def test_minibig_says_where_it_is():
    assert Path(found("minibig").found.partition(" in ")[2]).name == "minibig"

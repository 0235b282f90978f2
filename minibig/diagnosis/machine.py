"""What is on this machine that minibig needs or can use, what is missing, and what to do."""

import importlib
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

import minibig
from minibig.backend import InputError, device, namespace
from minibig.ops import zeros
from minibig.required import KERNELS, PACKAGES
from minibig.training import machine_memory

GOOD, MISSING, BROKEN = "ok", "--", "!!"
_OLDEST_PYTHON, _OLDEST_NUMPY = (3, 11), (2, 0)
_LITTLE_MEMORY, _LITTLE_ROOM = 2e9, 1e9  # bytes
_CUPY_WHEELS = ("cupy-cuda12x", "cupy-cuda13x", "cupy-cuda11x", "cupy")


@dataclass(frozen=True)
class Finding:
    """A part of the machine: GOOD, MISSING (minibig can do without) or BROKEN, and what to do."""

    part: str
    state: str
    found: str
    advice: str = ""


def findings() -> Iterator[Finding]:
    """All parts, in the order in which they build on each other."""
    yield _python()
    yield Finding("minibig", GOOD, f"{minibig.__version__} in {Path(minibig.__file__).parent}")
    yield _numpy()
    yield _blas()
    yield from map(_package, PACKAGES)
    yield _threads()
    yield _kernels()
    yield _loops()
    yield _memory()
    yield from _gpu()
    yield _mpi()
    yield _writable("this folder", Path.cwd())
    yield _writable("runs", Path("runs") if Path("runs").exists() else Path.cwd())
    yield _writable("temporary files", Path(tempfile.gettempdir()))


def _python() -> Finding:
    found = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    if sys.version_info < _OLDEST_PYTHON:
        return Finding("Python", BROKEN, found, "Install Python 3.11 or newer.")
    if sys.maxsize < 1 << 32:
        return Finding("Python", MISSING, f"{found}, 32 bits", "64 bits can use more memory.")
    return Finding("Python", GOOD, found)


def _numpy() -> Finding:
    version = np.__version__
    if tuple(map(int, version.split(".")[:2])) < _OLDEST_NUMPY:
        return Finding("NumPy", BROKEN, version, 'Upgrade it: pip install "numpy>=2.0".')
    return Finding("NumPy", GOOD, version)


def _blas() -> Finding:
    """The library that multiplies matrices; without one NumPy is ten to a hundred times slower."""
    blas: Any = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    found = f"{blas.get('name', 'unknown')} {blas.get('version', '')}".strip()
    if not blas.get("found", True) or blas.get("name") in (None, "none"):
        return Finding(
            "BLAS", MISSING, "none: products are slow", "pip install --force-reinstall numpy"
        )
    return Finding("BLAS", GOOD, found)


def _package(name: str) -> Finding:
    try:
        importlib.import_module(name)
        return Finding(name, GOOD, metadata.version(name))
    except Exception as error:  # whatever a damaged installation does
        reason = f"cannot be imported: {type(error).__name__}: {error}"
        return Finding(name, BROKEN, reason, f"pip install --force-reinstall {name}")


def _threads() -> Finding:
    cores = os.cpu_count() or 1
    n = minibig.kernels.parallel.threads() if minibig.kernels else 1
    found = f"{n} of {cores} cores, MINIBIG_THREADS changes it"
    return Finding("threads", GOOD, found)


def kernels_are_off() -> bool:
    """Whether the user wanted the bare formulas, or has nothing else."""
    return minibig.kernels is None or KERNELS == "off"


def _kernels() -> Finding:
    if minibig.kernels is None:
        return Finding("kernels", MISSING, "not there", "Install minibig again to have full speed.")
    if kernels_are_off():
        return Finding("kernels", MISSING, "off", "Unset MINIBIG_KERNELS to have full speed.")
    return Finding("kernels", GOOD, "on, MINIBIG_KERNELS=off leaves the bare formulas")


def _loops() -> Finding:
    """Whether the loops of kernels are compiled; one of them is tried."""
    if kernels_are_off():
        return Finding("loops", MISSING, "not used without kernels")
    loops, one = minibig.kernels.loops, minibig.kernels.products.sum_rows
    if not loops.obstacle() and one.is_compiled():
        place = one.machine.stats.cache_path or "nowhere, no folder can be written"
        found = f"compiled by Numba {sys.modules['numba'].__version__}, kept in {place}"
        return Finding("loops", GOOD, f"{found}; MINIBIG_KERNELS=numpy leaves them out")
    advice = 'Faster ones: pip install "minibig[fast]"'
    if KERNELS == "numpy":
        advice = "Unset MINIBIG_KERNELS to have compiled ones."
    elif loops.obstacle() != loops.NO_NUMBA:
        advice = "pip install --upgrade --force-reinstall numba"
    reason = loops.obstacle() or "Numba cannot compile them"
    return Finding("loops", MISSING, f"in NumPy: {reason}", advice)


def _memory() -> Finding:
    total, free = machine_memory()
    found = f"{free / 1e9:.1f} GB of {total / 1e9:.1f} GB free"
    if free < _LITTLE_MEMORY:
        return Finding("memory", MISSING, found, "Close programs, or train smaller models.")
    return Finding("memory", GOOD, found)


def _gpu() -> Iterator[Finding]:
    """CuPy and the GPUs that it finds; minibig runs on the CPU without them."""
    wheel = next((name for name in _CUPY_WHEELS if _installed(name)), None)
    if wheel is None:
        yield Finding("CuPy", MISSING, "not installed", "For a GPU: pip install 'minibig[gpu]'")
        yield Finding("CUDA", MISSING, "not looked for, that is CuPy's part")
        return
    yield Finding("CuPy", GOOD, f"{metadata.version(wheel)} ({wheel})")
    try:
        target = device("cuda")
        runtime = namespace(zeros((1,), device=target).data).cuda.runtime
        properties = runtime.getDeviceProperties(target.index)
        name = properties["name"].decode(errors="replace")
        free, total = runtime.memGetInfo()
        version = runtime.runtimeGetVersion()
    except InputError as error:
        reason, _, advice = str(error).partition(": ")[2].partition(". ")
        yield Finding("CUDA", MISSING, reason, advice)
    except Exception as error:  # whatever a driver does
        yield Finding("CUDA", MISSING, f"{type(error).__name__}: {error}", "Update the driver.")
    else:
        found = f"{version // 1000}.{version % 1000 // 10}, {name}, {free / 1e9:.1f} GB of "
        yield Finding("CUDA", GOOD, f"{found}{total / 1e9:.1f} GB free")


def _mpi() -> Finding:
    launcher = shutil.which("mpiexec")
    if not _installed("mpi4py"):
        return Finding("MPI", MISSING, "mpi4py is not installed, and nothing needs it yet")
    found = f"mpi4py {metadata.version('mpi4py')}"
    if launcher is None:
        return Finding("MPI", MISSING, f"{found}, but no mpiexec", "pip install mpich")
    return Finding("MPI", GOOD, f"{found}, {launcher}")


def _writable(part: str, folder: Path) -> Finding:
    """Whether files can be made in a folder, and how much room there is."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"minibig")
            file.flush()
        free = shutil.disk_usage(folder).free
    except OSError as error:
        reason = f"{folder} cannot be written: {error.strerror or error}"
        return Finding(part, MISSING, reason, "Choose another place with --out.")
    found = f"{folder} can be written, {free / 1e9:,.1f} GB free"
    if free < _LITTLE_ROOM:
        return Finding(part, MISSING, found, "Make room: a run takes some hundred megabytes.")
    return Finding(part, GOOD, found)


def _installed(distribution: str) -> bool:
    try:
        metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return False
    return True

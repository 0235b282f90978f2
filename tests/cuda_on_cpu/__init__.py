"""CUDA sources without a GPU: `cupy.RawModule` for the fake device, by a C++ compiler.

The kernels that minibig compiles for a GPU are ordinary C++ but for a few words, which `threads.h`
explains to a C++ compiler. So the very sources, and the very calls with their grids and arguments,
run on the arrays of the fake device. That shows that the arithmetic, the indices, the barriers and
the launches are right:

- memory from `cupy.empty` and shared memory hold NaN until they are written, and every array stands
  between guards: to read outside gives NaN, to write outside is an error;
- threads run in a shuffled order between barriers, and must meet at the same ones;
- every argument must be of the kernel's type, and grids and blocks within CUDA's limits.

It does not show that a GPU's compiler takes the source (NVRTC says that, see tests/kernels/cuda),
nor anything about speed, the memory order of a real warp, or CuPy itself. cuBLAS is stood in for by
`blas.py`.
"""

import contextlib
import ctypes
import functools
import hashlib
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from fake_cupy import fake_cupy
from fake_cupy.arrays import ndarray, to_host

from .blas import cublas

COMPILER = shutil.which("g++") or shutil.which("clang++")
_FLAGS = ("-std=c++17", "-O1", "-w", "-fPIC")
_GUARD = 1 << 14  # bytes before and after every array
_PTX = re.compile(r'asm\("(cvt[.\w]+) %0, %1;" : "=\w"\((\w+)\) : "\w"\((\w+)\)\);')


@functools.cache
def _folder() -> Any:
    return tempfile.TemporaryDirectory(prefix="cuda_on_cpu")


@functools.cache
def _header() -> Path:
    """A copy of `threads.h`; GCC finds it read already in the file beside it, others read it."""
    header = Path(shutil.copy(Path(__file__).parent / "threads.h", _folder().name))
    command = [COMPILER, *_FLAGS, "-x", "c++-header", str(header), "-o", f"{header}.gch"]
    subprocess.run(command, capture_output=True, timeout=120)
    return header


@functools.cache
def _library(code: str, options: tuple[str, ...]) -> ctypes.CDLL:
    """The kernels of a source as functions of the CPU."""
    names = re.findall(r'extern "C" __global__ void (?:__launch_bounds__\(\d+\) )?(\w+)\(', code)
    code = _PTX.sub(lambda m: f"{m[1].replace('.', '_')}({m[2]}, {m[3]});", code)
    exports = [
        f'extern "C" int run_{name}(const unsigned* grid, const unsigned* block, void** given)'
        f" {{ return cpu::run({name}, grid, block, given); }}\n"
        f'extern "C" const char* types_of_{name}() {{ return cpu::types({name}); }}\n'
        for name in names
    ]
    text = f'#include "{_header()}"\n{code}\n{"".join(exports)}'
    path = Path(_folder().name, hashlib.sha256(f"{options}{text}".encode()).hexdigest()[:16])
    path.with_suffix(".cpp").write_text(text)
    command = [COMPILER, *_FLAGS, "-shared", *options]
    command += [str(path.with_suffix(".cpp")), "-o", str(path.with_suffix(".so"))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if done.returncode:
        raise RuntimeError(f"the C++ compiler refuses the source:\n{done.stderr}")
    return ctypes.CDLL(str(path.with_suffix(".so")))


class RawModule:
    """CUDA source, compiled for the CPU when a function of it is asked for."""

    def __init__(self, *, code: str, options: tuple[str, ...] = ()) -> None:
        self.code, self.options = code, options

    def get_function(self, name: str) -> "RawKernel":
        return RawKernel(_library(self.code, self.options), name)


class RawKernel:
    """One kernel; called with a grid, the size of a block, and arguments, as CuPy's."""

    def __init__(self, library: ctypes.CDLL, name: str) -> None:
        self.name = name
        self._run = getattr(library, f"run_{name}")
        types = getattr(library, f"types_of_{name}")
        types.restype = ctypes.c_char_p
        self.types = types().decode().split(",")[:-1]

    def __call__(self, grid: tuple[int, ...], block: tuple[int, ...], args: tuple) -> None:
        grid, block = (*grid, 1, 1)[:3], (*block, 1, 1)[:3]
        assert 1 <= grid[0] < 2**31 and all(1 <= n < 2**16 for n in grid[1:]), grid
        assert all(n >= 1 for n in block) and np.prod(block) <= 1024, block
        assert len(args) == len(self.types), f"{self.name} takes {len(self.types)} arguments"
        memory = _GuardedMemory()
        values = [self._value(i, memory, argument) for i, argument in enumerate(args)]
        pointers = [ctypes.addressof(value) for value in values]
        failed = self._run(
            (ctypes.c_uint * 3)(*grid),
            (ctypes.c_uint * 3)(*block),
            (ctypes.c_void_p * len(args))(*pointers),
        )
        assert not failed, f"{self.name}: threads of one block wait at different barriers"
        memory.give_back(self.name)

    def _value(self, i: int, memory: "_GuardedMemory", argument: Any) -> Any:
        """The argument as C knows it, if that is what the kernel expects at this place."""
        if isinstance(argument, ndarray) or argument is None:
            kind, value = "pointer", ctypes.c_void_p(memory.address(argument))
        elif isinstance(argument, np.ndarray) and argument.size == 1:
            kind = f"struct of {argument.nbytes}"
            value = (ctypes.c_char * argument.nbytes).from_buffer_copy(argument.tobytes())
        else:
            known = {int: ctypes.c_longlong, float: ctypes.c_double, np.uint64: ctypes.c_ulonglong}
            kind = type(argument).__name__
            value = known[type(argument)](argument)
        wanted = self.types[i]
        assert kind == wanted, f"{self.name}: argument {i} must be a {wanted}, not a {kind}"
        return value


class _GuardedMemory:
    """Copies of the arrays that a kernel gets, each between two guards."""

    def __init__(self) -> None:
        self.copies: dict[int, tuple[np.ndarray, np.ndarray]] = {}

    def address(self, array: ndarray | None) -> int:
        if array is None:
            return 0
        host = root = to_host(array, {})
        while isinstance(root.base, np.ndarray):
            root = root.base
        start = root.ctypes.data
        if start not in self.copies:
            copy = np.full(root.nbytes + 2 * _GUARD, 0xFF, np.uint8)
            ctypes.memmove(copy.ctypes.data + _GUARD, start, root.nbytes)
            self.copies[start] = (copy, root)
        return self.copies[start][0].ctypes.data + _GUARD + host.ctypes.data - start

    def give_back(self, name: str) -> None:
        for start, (copy, root) in self.copies.items():
            for guard in (copy[:_GUARD], copy[-_GUARD:]):
                assert (guard == 0xFF).all(), f"{name} wrote outside an array of {root.shape}"
            ctypes.memmove(start, copy.ctypes.data + _GUARD, root.nbytes)


_RUNTIME = {
    "getDeviceProperties": lambda device: {"name": b"no GPU, but a C++ compiler"},
    "driverGetVersion": lambda: 12090,
    "runtimeGetVersion": lambda: 12090,
}
_POINTER = property(lambda array: SimpleNamespace(ptr=to_host(array, {}).ctypes.data))


def _unwritten(function: Any) -> Any:
    """A function that allocates, with NaN for what nobody has written yet."""

    def allocate(*args: Any, **kwargs: Any) -> Any:
        array = function(*args, **kwargs)
        if array.dtype.kind == "f":
            array.fill(np.nan)
        return array

    return allocate


@contextlib.contextmanager
def cuda_on_cpu(devices: int = 1) -> Iterator[ModuleType]:
    """The fake device, which also runs CUDA kernels and cuBLAS's batched product.

    Without a C++ compiler the test is skipped.
    """
    if COMPILER is None:
        pytest.skip("there is no C++ compiler (g++ or clang++)")
    with fake_cupy(devices) as cupy, contextlib.ExitStack() as undo:
        for name in ("empty", "empty_like"):
            before = getattr(cupy, name)
            undo.callback(setattr, cupy, name, before)
            setattr(cupy, name, _unwritten(before))
        own = [(cupy, "RawModule", RawModule), (cupy.cuda, "cublas", cublas)]
        own += [(cupy.cuda, "get_cublas_handle", lambda: "handle"), (ndarray, "data", _POINTER)]
        own += [(cupy.cuda.runtime, name, value) for name, value in _RUNTIME.items()]
        for place, name, value in own:
            setattr(place, name, value)
            undo.callback(delattr, place, name)
        yield cupy

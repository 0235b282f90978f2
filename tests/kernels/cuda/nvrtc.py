"""NVRTC, the compiler of CUDA sources that CuPy uses: it needs no GPU and no driver.

pip install nvidia-cuda-nvrtc-cu12
"""

import ctypes
import ctypes.util
import functools
import importlib.util
from pathlib import Path


@functools.cache
def library() -> ctypes.CDLL | None:
    """The library, from NVIDIA's wheel or from a CUDA toolkit; None if there is none."""
    try:
        wheel = importlib.util.find_spec("nvidia.cuda_nvrtc")
    except ModuleNotFoundError:
        wheel = None
    folders = [Path(folder) for folder in wheel.submodule_search_locations or ()] if wheel else []
    found = [path for folder in folders for path in sorted((folder / "lib").glob("libnvrtc.so.*"))]
    name = str(found[0]) if found else ctypes.util.find_library("nvrtc")
    return ctypes.CDLL(name) if name else None


def compiled(code: str, name: str, options: list[str]) -> tuple[bytes, str]:
    """The machine code of a source, and what the compiler said.

    Raises:  AssertionError with the compiler's messages if it refuses the source.
    """
    nvrtc = library()
    assert nvrtc is not None
    program = ctypes.c_void_p()
    nvrtc.nvrtcCreateProgram(ctypes.byref(program), code.encode(), name.encode(), 0, None, None)
    encoded = [option.encode() for option in options]
    failed = nvrtc.nvrtcCompileProgram(
        program, len(encoded), (ctypes.c_char_p * len(encoded))(*encoded)
    )
    log = _text(nvrtc.nvrtcGetProgramLogSize, nvrtc.nvrtcGetProgramLog, program).decode()
    assert not failed, f"NVRTC refuses {name} with {options}:\n{log}"
    binary = _text(nvrtc.nvrtcGetCUBINSize, nvrtc.nvrtcGetCUBIN, program)
    nvrtc.nvrtcDestroyProgram(ctypes.byref(program))
    return binary, log.rstrip("\0")


def _text(size_of, read, program: ctypes.c_void_p) -> bytes:
    size = ctypes.c_size_t()
    assert size_of(program, ctypes.byref(size)) == 0
    buffer = ctypes.create_string_buffer(size.value)
    assert read(program, buffer) == 0
    return buffer.raw

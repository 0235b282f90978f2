"""How much memory this process holds, and how much the machine has, on the common systems."""

import ctypes
import os
import sys
from pathlib import Path
from typing import Any


def process_memory() -> int | None:
    """Bytes of memory that this process occupies now; None where the system does not say.

    On macOS it is the most that it ever occupied.

    >>> process_memory() is None or process_memory() > 1_000_000
    True
    """
    try:
        resident_pages = int(Path("/proc/self/statm").read_bytes().split()[1])
        return resident_pages * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, AttributeError, IndexError):
        pass
    if sys.platform == "win32":
        return _windows_process_memory()
    try:
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    except (ImportError, OSError):
        return None
    return peak if sys.platform == "darwin" else peak * 1024


def machine_memory() -> tuple[int, int] | None:
    """Bytes of memory that the machine has, and that are free for use; None if it does not say."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        sizes = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in lines}
        return sizes["MemTotal"], sizes["MemAvailable"]
    except (OSError, ValueError, KeyError, IndexError):
        pass
    if sys.platform == "win32":
        return _windows_machine_memory()
    try:
        page = os.sysconf("SC_PAGE_SIZE")
        total = page * os.sysconf("SC_PHYS_PAGES")
        return total, page * os.sysconf("SC_AVPHYS_PAGES")
    except (OSError, ValueError, AttributeError):
        return None


class _ProcessMemory(ctypes.Structure):
    """PROCESS_MEMORY_COUNTERS of psapi.h."""

    _fields_ = (
        ("size", ctypes.c_uint32),
        ("page_faults", ctypes.c_uint32),
        *((f"counter_{i}", ctypes.c_size_t) for i in range(8)),
    )


class _MachineMemory(ctypes.Structure):
    """MEMORYSTATUSEX of sysinfoapi.h."""

    _fields_ = (
        ("size", ctypes.c_uint32),
        ("load", ctypes.c_uint32),
        ("total", ctypes.c_uint64),
        ("free", ctypes.c_uint64),
        *((f"counter_{i}", ctypes.c_uint64) for i in range(5)),
    )


def _windows_process_memory() -> int | None:
    memory = _ProcessMemory(size=ctypes.sizeof(_ProcessMemory))
    kernel = _kernel32()
    kernel.GetCurrentProcess.restype = ctypes.c_void_p
    process = ctypes.c_void_p(kernel.GetCurrentProcess())
    found = kernel.K32GetProcessMemoryInfo(process, ctypes.byref(memory), memory.size)
    return int(memory.counter_1) if found else None  # WorkingSetSize


def _windows_machine_memory() -> tuple[int, int] | None:
    memory = _MachineMemory(size=ctypes.sizeof(_MachineMemory))
    found = _kernel32().GlobalMemoryStatusEx(ctypes.byref(memory))
    return (int(memory.total), int(memory.free)) if found else None


def _kernel32() -> Any:
    return ctypes.windll.kernel32  # type: ignore[attr-defined]

"""What the figures belong to: processor, threads, versions of all that took part."""

import os
import platform
from importlib import metadata
from pathlib import Path

import numpy as np

_PACKAGES = ("numba", "torch", "transformers", "tokenizers", "tiktoken", "cupy")
_CPUINFO = Path("/proc/cpuinfo")


def processor() -> str:
    """The name of the processor."""
    if _CPUINFO.exists():
        for line in _CPUINFO.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return " ".join(line.partition(":")[2].split())
    return platform.processor() or platform.machine()


def facts(threads: int | None) -> dict[str, str]:
    """The machine and the versions, by name, for people to read."""
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    found = {
        "processor": processor(),
        "cores": str(cores),
        "threads": "one a core" if threads is None else str(threads),
        "system": f"{platform.system()} {platform.machine()}",
        "Python": platform.python_version(),
        "NumPy": np.__version__,
    }
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found

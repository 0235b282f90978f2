"""Names for what is not finished: who wrote it, and whether anybody still does.

    .minibig-4711-53fc5cd2-0.tmp     the third number counts; the first two say who wrote it

That is the number of a process, and the machine or container in which that number means something.
So what a killed process left is removed by the next one, and what a living one writes is left
alone.
"""

import functools
import hashlib
import itertools
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_TEMPORARY = re.compile(r"\.minibig-(\d+)(?:-([0-9a-f]{8}))?-\d+\.tmp")
_STALE_AFTER = 3600.0  # seconds; where the number of a process says nothing here

_count = itertools.count()
_in_use: set[str] = set()


@contextmanager
def temporary(path: Path) -> Iterator[Path]:
    """A name beside `path` that is nobody else's; whatever still lies there at the end goes."""
    _remove_stale(path.parent)
    name = f".minibig-{os.getpid()}-{_process_namespace()}-{next(_count)}.tmp"
    unfinished = path.with_name(name)
    _in_use.add(name)
    try:
        yield unfinished
    finally:
        _in_use.discard(name)
        _remove(unfinished)


def remove_stale_files(folder: Path) -> None:
    """Remove what killed processes left in a folder and in those directly below it."""
    for place in (folder, *_folders_in(folder)):
        _remove_stale(place)


def remove_temporary_files(folder: Path) -> None:
    """Remove all temporary files but our own: those of living processes, too.

    For whoever holds the lock of the folder: then nobody else is writing, whatever the names say.
    """
    for place in (folder, *_folders_in(folder)):
        with suppress(OSError):
            for name in os.listdir(place):
                if _TEMPORARY.fullmatch(name) and name not in _in_use:
                    _remove(place / name)


def is_written(folder: Path) -> bool:
    """Whether a living process is writing in the folder just now."""
    with suppress(OSError):
        for name in os.listdir(folder):
            match = _TEMPORARY.fullmatch(name)
            if match and not _is_stale(folder / name, int(match[1]), match[2]):
                return True
    return False


def _folders_in(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if path.is_dir() and not path.is_symlink()]
    except OSError:
        return []


def _remove_stale(folder: Path) -> None:
    """Remove what killed processes left in a folder."""
    with suppress(OSError):
        for name in os.listdir(folder):
            match = _TEMPORARY.fullmatch(name)
            if match and _is_stale(folder / name, int(match[1]), match[2]):
                _remove(folder / name)


def _is_stale(path: Path, process: int, namespace: str | None) -> bool:
    """Whether nobody writes this temporary file any more; earlier versions named no namespace."""
    known = namespace in (None, _process_namespace())
    if known and process == os.getpid():
        return path.name not in _in_use
    if not known or os.name == "nt":  # os.kill would end the process there
        return time.time() - path.stat().st_mtime > _STALE_AFTER
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:
        return False
    return False


@functools.cache
def _process_namespace() -> str:
    """Eight letters for where a process number means something: a start of a machine, a container.

    Linux calls it a PID namespace. Two containers both have a process 1, and so has every machine
    after each start.
    """
    parts = [os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", "")]
    with suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii"))
    with suppress(OSError):
        parts.append(os.readlink("/proc/self/ns/pid"))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:8]


def _remove(path: Path) -> None:
    """Remove a file or a folder if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
        return
    with suppress(OSError):
        path.unlink()

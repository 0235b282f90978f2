"""Files that are there as a whole or not at all, whatever happens while they are written.

What is new is written under a temporary name beside its place, brought to the disk, and then
renamed: the one step that an operating system does as a whole. Whoever is killed before the rename
leaves what was there untouched, and a temporary file that the next writer in the folder removes:
its name holds the number of the process, so those of living processes are left alone.

One process at a time writes in a folder; any number may read.
"""

import errno
import itertools
import os
import re
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

from minibig.backend.errors import InputError

_TEMPORARY = re.compile(r"\.minibig-(\d+)-\d+\.tmp")
_ABANDONED_AFTER = 3600.0  # seconds; only where the number of a process says nothing

_count = itertools.count()
_in_use: set[str] = set()


class StorageError(InputError):
    """A file that cannot be written, or one whose contents minibig refuses to read."""


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write, which becomes `path` when the block ends, unless it ends in an error.

    Raises:  StorageError if the disk is full, the folder is not there, ...; then `path` is what it
             was before.
    """
    with _written(path), _temporary(path) as temporary:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, "a folder is in the way")
        with synced_file(temporary) as file:
            yield file
        os.replace(temporary, path)
        sync_folder(path.parent)


@contextmanager
def synced_file(path: Path) -> Iterator[BinaryIO]:
    """A new file to write, whose bytes are on the disk when the block ends."""
    with open(path, "xb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A folder to fill, which becomes `path` when the block ends, unless it ends in an error.

    Nothing may be at `path` yet: a folder cannot be replaced as a whole. The files in it are to be
    written as `synced_file`.
    """
    with _written(path), _temporary(path) as temporary:
        temporary.mkdir()
        yield temporary
        sync_folder(temporary)
        os.rename(temporary, path)
        sync_folder(path.parent)


def remove_file(path: Path) -> None:
    """Remove a file, if it is there."""
    with _written(path):
        path.unlink(missing_ok=True)


def remove_folder(path: Path) -> None:
    """Remove a folder with all it holds; a kill in between leaves no half folder at `path`."""
    with suppress(OSError), _temporary(path) as temporary:
        os.rename(path, temporary)


def remove_orphans(folder: Path) -> None:
    """Remove what killed processes left in a folder and in those directly below it."""
    _remove_abandoned(folder)
    with suppress(OSError):
        for path in folder.iterdir():
            if path.is_dir() and not path.is_symlink():
                _remove_abandoned(path)


def make_folder(path: Path) -> None:
    """Make the folder `path` and those above it, where they are missing."""
    with _written(path):
        path.mkdir(parents=True, exist_ok=True)


def read_file(path: Path, limit: int) -> bytes:
    """The bytes of a regular file of at most `limit` bytes."""
    with open_regular(path) as (file, size):
        if size > limit:
            raise StorageError(f"{path} has {size:,} bytes; at most {limit:,} were expected.")
        return file.read(limit)


@contextmanager
def open_regular(path: Path) -> Iterator[tuple[BufferedReader, int]]:
    """A file open for reading, and its size; a pipe or a device would block or never end."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise StorageError(f"{path} is not a regular file. Give the path of a file.")
        with open(path, "rb") as file:
            yield file, os.fstat(file.fileno()).st_size
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror or error}.") from error


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk, where the system can do that."""
    if os.name == "nt":
        return
    with suppress(OSError):  # some file systems do not offer it, some folders cannot be read
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def _written(path: Path) -> Iterator[None]:
    """Say in one sentence why `path` could not be written."""
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"{path} cannot be written: {error.strerror or error}. What was there before is "
            "unchanged; make room or choose another place."
        ) from error


@contextmanager
def _temporary(path: Path) -> Iterator[Path]:
    """A name beside `path` that is nobody else's; whatever still lies there at the end goes."""
    _remove_abandoned(path.parent)
    temporary = path.with_name(f".minibig-{os.getpid()}-{next(_count)}.tmp")
    _in_use.add(temporary.name)
    try:
        yield temporary
    finally:
        _in_use.discard(temporary.name)
        _remove(temporary)


def _remove_abandoned(folder: Path) -> None:
    """Remove what killed processes left in a folder."""
    with suppress(OSError):
        for name in os.listdir(folder):
            match = _TEMPORARY.fullmatch(name)
            if match and _is_abandoned(folder / name, int(match[1])):
                _remove(folder / name)


def _is_abandoned(path: Path, process: int) -> bool:
    if process == os.getpid():
        return path.name not in _in_use
    if os.name == "nt":  # os.kill would end the process there
        return time.time() - path.stat().st_mtime > _ABANDONED_AFTER
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:
        return False
    return False


def _remove(path: Path) -> None:
    """Remove a file or a folder if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
        return
    with suppress(OSError):
        path.unlink()

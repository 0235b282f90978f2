"""Files that are there as a whole or not at all, whatever happens while they are written.

What is new is written under a temporary name beside its place, brought to the disk, and then
renamed: the one step that an operating system does as a whole. A process that is killed before the
rename leaves what was there untouched, and a temporary file that the next writer in the folder
removes. Its name says who wrote it: the number of the process, and the machine or container in
which that number means something. So the files of living processes are left alone.

One process at a time writes in a folder (`lock.py`); any number may read.
"""

import errno
import functools
import hashlib
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

_TEMPORARY = re.compile(r"\.minibig-(\d+)(?:-([0-9a-f]{8}))?-\d+\.tmp")
_ABANDONED_AFTER = 3600.0  # seconds; where the number of a process says nothing here

_LONGEST = 2000  # characters of a sentence

_count = itertools.count()
_in_use: set[str] = set()


class StorageError(InputError):
    """A file that cannot be written, or one whose contents minibig refuses to read.

    Paths and the contents of files come from anywhere: in the sentence, whatever does not print
    (line ends, escape sequences of a terminal) is escaped, and a very long sentence is cut.
    """

    def __init__(self, sentence: str) -> None:
        if not sentence.isprintable():
            sentence = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in sentence)
        cut = len(sentence) > _LONGEST
        super().__init__(f"{sentence[:_LONGEST]}..." if cut else sentence)


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
def new_path(path: Path) -> Iterator[Path]:
    """A path for a library that writes a file by itself; the file then becomes `path`.

    The library gets a folder of its own, so that its temporary files, too, are never left over.
    """
    with _written(path), _temporary(path) as folder:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, "a folder is in the way")
        folder.mkdir()
        yield folder / path.name
        sync_written(folder / path.name)
        os.replace(folder / path.name, path)
        sync_folder(path.parent)


def write_file(path: Path, data: bytes) -> None:
    """Write a small file: the new one as a whole, or what was there before."""
    with new_file(path) as file:
        file.write(data)


def write_text(path: Path, text: str) -> None:
    """Write a text as UTF-8, with line ends as they are."""
    write_file(path, text.encode())


@contextmanager
def synced_file(path: Path) -> Iterator[BinaryIO]:
    """A new file to write, whose bytes are on the disk when the block ends."""
    with open(path, "xb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def sync_written(path: Path) -> None:
    """Bring a file to the disk that a library wrote, with the permissions that files have here."""
    os.chmod(path, path.parent.stat().st_mode & 0o666)
    with open(path, "rb+") as file:
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


def rename(path: Path, new: Path) -> None:
    """Give a file or a folder another name, where nothing is yet."""
    with _written(new):
        os.rename(path, new)


def remove_path(path: Path) -> None:
    """Remove a file, or a folder with all it holds, if it is there."""
    if path.is_dir() and not path.is_symlink():
        remove_folder(path)
    else:
        remove_file(path)


def remove_folder(path: Path) -> None:
    """Remove a folder with all it holds; a kill in between leaves no half folder at `path`."""
    with suppress(OSError), _temporary(path) as temporary:
        os.rename(path, temporary)


def remove_orphans(folder: Path) -> None:
    """Remove what killed processes left in a folder and in those directly below it."""
    for place in (folder, *_folders_in(folder)):
        _remove_abandoned(place)


def remove_temporary_files(folder: Path) -> None:
    """Remove all temporary files but our own, as `remove_orphans` does for those of dead processes.

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
            if match and not _is_abandoned(folder / name, int(match[1]), match[2]):
                return True
    return False


def make_folder(path: Path) -> None:
    """Make the folder `path` and those above it, where they are missing.

    Raises:  StorageError if that fails, or for a name that UTF-8 cannot write: JSON files, which
             name what belongs to a run, could not hold it.
    """
    try:
        os.fspath(path).encode()
    except UnicodeEncodeError:
        raise StorageError(
            f"{os.fspath(path)} is no name in UTF-8. Choose another name for the folder."
        ) from None
    with _written(path):
        path.mkdir(parents=True, exist_ok=True)


def read_file(path: Path, limit: int) -> bytes:
    """The bytes of a regular file of at most `limit` bytes.

    Raises:  StorageError if there is no such file, or it is a folder, a pipe or a device.
    """
    with open_regular(path) as (file, size):
        if size > limit:
            raise StorageError(f"{path} has {size:,} bytes; at most {limit:,} were expected.")
        return file.read(size)  # `limit` bytes would be allocated at once


def read_text(path: Path, limit: int) -> str:
    """The text of a regular UTF-8 file of at most `limit` bytes, with line ends as they are."""
    try:
        return read_file(path, limit).decode()
    except UnicodeDecodeError as error:
        raise StorageError(
            f"{path} must be a text in UTF-8; byte {error.start} is not. Is it another file?"
        ) from None


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
    existed = path.parent.is_dir()
    try:
        yield
    except OSError as error:
        reason = f"{path} cannot be written: {error.strerror or error}."
        if existed and not path.parent.is_dir():
            raise StorageError(
                f"{reason} The folder {path.parent} is not there any more."
            ) from error
        raise StorageError(
            f"{reason} What was there before is unchanged; make room or choose another place."
        ) from error


@contextmanager
def _temporary(path: Path) -> Iterator[Path]:
    """A name beside `path` that is nobody else's; whatever still lies there at the end goes."""
    _remove_abandoned(path.parent)
    name = f".minibig-{os.getpid()}-{_realm()}-{next(_count)}.tmp"
    temporary = path.with_name(name)
    _in_use.add(temporary.name)
    try:
        yield temporary
    finally:
        _in_use.discard(temporary.name)
        _remove(temporary)


def _folders_in(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if path.is_dir() and not path.is_symlink()]
    except OSError:
        return []


def _remove_abandoned(folder: Path) -> None:
    """Remove what killed processes left in a folder."""
    with suppress(OSError):
        for name in os.listdir(folder):
            match = _TEMPORARY.fullmatch(name)
            if match and _is_abandoned(folder / name, int(match[1]), match[2]):
                _remove(folder / name)


def _is_abandoned(path: Path, process: int, realm: str | None) -> bool:
    """Whether nobody writes this temporary file any more; earlier versions named no realm."""
    known = realm in (None, _realm())
    if known and process == os.getpid():
        return path.name not in _in_use
    if not known or os.name == "nt":  # os.kill would end the process there
        return time.time() - path.stat().st_mtime > _ABANDONED_AFTER
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:
        return False
    return False


@functools.cache
def _realm() -> str:
    """Eight letters for where a process number means something: a start of a machine, a container.

    Two containers both have a process 1, and so has every machine after each start.
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

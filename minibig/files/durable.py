"""Files that are there as a whole or not at all, whatever happens while they are written.

What is new is written under a temporary name beside its place, brought to the disk, and then
renamed: the one step that an operating system does as a whole. A process that is killed before the
rename leaves what was there untouched, and a temporary file that the next writer in the folder
removes (`temporary_names.py`).

One process at a time writes in a folder (`lock.py`); any number may read.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from minibig.backend.errors import InputError
from minibig.files.temporary_names import temporary

_LONGEST = 2000  # characters of a sentence


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
    with _errors_told(path), temporary(path) as unfinished:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, "a folder is in the way")
        with synced_file(unfinished) as file:
            yield file
        os.replace(unfinished, path)
        sync_folder(path.parent)


@contextmanager
def new_path(path: Path) -> Iterator[Path]:
    """A path for a library that writes a file by itself; the file then becomes `path`.

    The library gets a folder of its own, so that its temporary files, too, are never left over.
    """
    with _errors_told(path), temporary(path) as folder:
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
    with _errors_told(path), temporary(path) as unfinished:
        unfinished.mkdir()
        yield unfinished
        sync_folder(unfinished)
        os.rename(unfinished, path)
        sync_folder(path.parent)


def remove_file(path: Path) -> None:
    """Remove a file, if it is there."""
    with _errors_told(path):
        path.unlink(missing_ok=True)


def rename(path: Path, new: Path) -> None:
    """Give a file or a folder another name, where nothing is yet."""
    with _errors_told(new):
        os.rename(path, new)


def remove_path(path: Path) -> None:
    """Remove a file, or a folder with all it holds, if it is there."""
    if path.is_dir() and not path.is_symlink():
        remove_folder(path)
    else:
        remove_file(path)


def remove_folder(path: Path) -> None:
    """Remove a folder with all it holds; a kill in between leaves no half folder at `path`."""
    with suppress(OSError), temporary(path) as unfinished:
        os.rename(path, unfinished)


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
    with _errors_told(path):
        path.mkdir(parents=True, exist_ok=True)


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
def _errors_told(path: Path) -> Iterator[None]:
    """Say in one sentence why `path` could not be written."""
    existed = os.path.isdir(path.parent)
    try:
        yield
    except OSError as error:
        reason = f"{path} cannot be written: {error.strerror or error}."
        if existed and not os.path.isdir(path.parent):
            raise StorageError(
                f"{reason} The folder {path.parent} is not there any more."
            ) from error
        raise StorageError(
            f"{reason} What was there before is unchanged; make room or choose another place."
        ) from error

"""Files that are read: regular ones, and not more of them than expected.

A path comes from anywhere: a pipe would block for ever, a device never ends.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

from minibig.files.durable import StorageError
from minibig.files.encodings import not_utf8


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
        advice = "Convert it from the encoding it has; or is it another file?"
        raise StorageError(not_utf8(path, error, otherwise=advice)) from None


def read_blocks(path: Path, size: int) -> Iterator[bytes]:
    """The bytes of a regular file of any size, in blocks of at most `size`."""
    with open_regular(path) as (file, _):
        while block := file.read(size):
            yield block


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

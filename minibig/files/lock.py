"""One process in a folder: a lock that the operating system holds, and that ends with its process.

The file `.minibig-lock` says who holds it, and is there for as long as somebody works. A process
that is killed leaves the file, and the lock is gone all the same.
"""

import errno
import json
import os
import platform
import stat
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from minibig.files.durable import StorageError, make_folder
from minibig.files.strict_json import parse_json
from minibig.files.temporary_names import remove_temporary_files

_NAME = ".minibig-lock"
_PLACE = 1 << 30  # the byte that Windows locks: beyond the text, which others may then read
_WITHOUT_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL}
_ADVICE = "Wait until it has ended, or choose another folder."
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_TAKEN = {errno.EAGAIN, errno.EACCES, errno.EDEADLK}

_held: dict[str, tuple[int, int]] = {}  # folder -> (thread, descriptor)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Within the block, no other process and no other thread works in `folder`, which is made.

    A block of the same folder within the block is allowed. What killed processes left under
    temporary names is removed at the beginning: nobody else is writing.

    Raises:  StorageError that names the process which works there; or if the folder cannot be
             written. On a file system without locks there is a warning instead of a lock.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, locked(Path(folder)):
    ...     sorted(os.listdir(folder))
    ['.minibig-lock']
    """
    make_folder(folder)
    key, me = os.path.realpath(folder), threading.get_ident()
    if key in _held and _held[key][0] == me:
        yield
        return
    if key in _held:
        raise StorageError(f"another thread of this process works in {folder}. {_ADVICE}")
    descriptor = _acquired(folder)
    _held[key] = (me, descriptor)
    try:
        remove_temporary_files(folder)
        yield
    finally:
        _held.pop(key, None)
        _release(folder / _NAME, descriptor)


def _acquired(folder: Path) -> int:
    """The descriptor of the lock file, which is ours as long as it is open."""
    path = folder / _NAME
    _check_own(path)
    while True:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | _NO_LINK, 0o666)
        except OSError as error:
            raise StorageError(
                f"{folder} cannot be locked: {error.strerror or error}. Choose a folder that can "
                "be written."
            ) from error
        try:
            _lock(descriptor)
        except OSError as error:
            if error.errno in _TAKEN:
                os.close(descriptor)
                raise StorageError(f"{_holder(path)} works in {folder}. {_ADVICE}") from None
            if error.errno not in _WITHOUT_LOCKS:
                os.close(descriptor)
                raise StorageError(f"{folder} cannot be locked: {error.strerror}.") from error
            warnings.warn(
                f"{folder} lies on a file system without locks. Let no other process work in it.",
                stacklevel=4,
            )
        if _is_still(path, descriptor):
            _sign(descriptor)
            return descriptor
        os.close(descriptor)  # the one who held it removed the file in the meantime


def _check_own(path: Path) -> None:
    """Refuse to write into what minibig cannot have made: a link leads to a file of somebody."""
    with suppress(FileNotFoundError):
        status = os.lstat(path)
        if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1:
            raise StorageError(
                f"{path} is in the way: it is no lock that minibig made but a link, a folder or "
                "the like. Remove it."
            )


def _is_still(path: Path, descriptor: int) -> bool:
    """Whether the locked file is the one that stands at `path`."""
    if os.name == "nt":  # an open file cannot be removed there
        return True
    with suppress(OSError):
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    return False


def _lock(descriptor: int) -> None:
    """Raise OSError if another process, or another part of this one, holds the lock."""
    if sys.platform == "win32":
        import msvcrt

        os.lseek(descriptor, _PLACE, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _release(path: Path, descriptor: int) -> None:
    """Remove the file, then end the lock; Windows removes no file that is open."""
    steps = [path.unlink, lambda: os.close(descriptor)]
    for step in reversed(steps) if os.name == "nt" else steps:
        with suppress(OSError):
            step()


def _sign(descriptor: int) -> None:
    """Write down who holds the lock, for the sentence that another process prints."""
    holder = {
        "process": os.getpid(),
        "host": platform.node(),
        "since": time.strftime("%Y-%m-%d %H:%M:%S"),
        "command": " ".join(sys.argv)[:200],
    }
    with suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.write(descriptor, json.dumps(holder).encode())


def _holder(path: Path) -> str:
    """Who holds the lock, as far as the file says so."""
    try:
        with open(path, "rb") as file:
            holder = parse_json(file.read(10_000))
        return (
            f"process {holder['process']} on {holder['host']} (since {holder['since']}: "
            f"{holder['command']})"
        )
    except (OSError, StorageError, KeyError, TypeError):
        return "another process"


def _forget_after_fork() -> None:
    """A child does not hold what its parent holds; closing its copy leaves the parent's lock."""
    for _, descriptor in _held.values():
        with suppress(OSError):
            os.close(descriptor)
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_after_fork)

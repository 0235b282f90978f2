"""To begin anew in a folder, without destroying anything before the new has begun.

The parts of what lies there are moved into `.minibig-previous`, one rename each, and the record, by
which the whole is known, first of all. Then the new one begins and writes its own record; only then
is the old one removed. A process that is killed anywhere in between leaves one of two states, which
`settle` tells apart:

    a record in the folder and one aside     the new one has begun: the old one is removed
    a record only aside                      it has not: all parts are moved back
"""

import os
from collections.abc import Sequence
from pathlib import Path

from minibig.files.durable import make_folder, remove_folder, remove_path, rename, sync_folder
from minibig.files.temporary_names import remove_stale_files

_NAME = ".minibig-previous"


def set_aside(folder: Path, record: str, parts: Sequence[str]) -> None:
    """Move the record and the parts that are there aside; other files are left where they are.

    Raises:  StorageError if a part cannot be moved; then all is as it was.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     here = Path(folder)
    ...     for name in ("run.json", "model"):
    ...         _ = (here / name).write_text("old")
    ...     set_aside(here, "run.json", ["model"])
    ...     print(os.listdir(here))
    ...     restore(here, "run.json")
    ...     print(sorted(os.listdir(here)))
    ['.minibig-previous']
    ['model', 'run.json']
    """
    settle(folder, record)
    if not os.path.lexists(folder / record):
        return
    aside = folder / _NAME
    make_folder(aside)
    try:
        for name in (record, *(part for part in parts if part != record)):
            if os.path.lexists(folder / name):
                rename(folder / name, aside / name)
                sync_folder(aside)
        sync_folder(folder)
    except BaseException:
        restore(folder, record)
        raise


def restore(folder: Path, record: str) -> None:
    """Move back what was set aside, the record last, in place of what has come there since."""
    aside = folder / _NAME
    if not aside.is_dir():
        return
    names = sorted(os.listdir(aside), key=lambda name: name == record)
    for name in names:
        remove_path(folder / name)
        rename(aside / name, folder / name)
    sync_folder(folder)
    remove_folder(aside)


def discard(folder: Path) -> None:
    """Remove what was set aside."""
    remove_folder(folder / _NAME)


def is_set_aside(folder: Path) -> bool:
    """Whether a process is between the two steps, or was killed there: `settle` ends that."""
    return os.path.lexists(folder / _NAME)


def settle(folder: Path, record: str) -> None:
    """End what a killed process began: remove the old one if the new has its record, or restore it.

    For whoever is about to work in such a folder, and holds its lock: another process might be
    between the two steps.
    """
    remove_stale_files(folder)
    aside = folder / _NAME
    if os.path.lexists(aside / record) and os.path.lexists(folder / record):
        discard(folder)
    else:
        restore(folder, record)

"""Which files a folder holds, and which a pattern matches.

Wildcards are those of a shell: `*`, `?`, `[...]` within a name, and `**` for any depth.
"""

import fnmatch
import os
from collections.abc import Iterator
from pathlib import Path

from minibig.backend import InputError

_WILDCARDS = frozenset("*?[")


def is_pattern(path: str | os.PathLike[str]) -> bool:
    """Whether the path has wildcards."""
    return not _WILDCARDS.isdisjoint(os.fspath(path))


def files_below(folder: Path, skipped: frozenset[str] = frozenset()) -> Iterator[Path]:
    """Every file below a folder that is not hidden; links to folders are not followed."""
    for parent, folders, names in os.walk(folder, onerror=_refuse_unreadable):
        folders[:] = [name for name in folders if name not in skipped and name[0] != "."]
        for name in names:
            if name[0] != ".":
                yield Path(parent, name)


def files_matching(pattern: Path) -> Iterator[Path]:
    """The files that a pattern matches, from the current folder or from the root.

    As in a shell a wildcard does not match a dot at the beginning of a name; `**` stands for any
    number of folders, but not for links to folders, which can lead in a circle.
    """
    root = Path(pattern.anchor)
    return _matching(root, pattern.relative_to(root).parts)


def _matching(folder: Path, pattern: tuple[str, ...]) -> Iterator[Path]:
    """The files below a folder that match the parts of a pattern."""
    first, *others = pattern
    rest = tuple(others)
    if first == "**":
        yield from _matching(folder, rest or ("*",))
        for name in _names(folder):
            inner = folder / name
            if name[0] != "." and inner.is_dir() and not inner.is_symlink():
                yield from _matching(inner, pattern)
        return
    if _WILDCARDS.isdisjoint(first):
        names = [first]
    else:
        names = [
            name
            for name in fnmatch.filter(_names(folder), first)
            if name[0] != "." or first[0] == "."
        ]
    for name in names:
        path = folder / name
        if rest and path.is_dir():
            yield from _matching(path, rest)
        elif not rest and path.exists() and not path.is_dir():
            yield path


def _names(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except FileNotFoundError:
        return []
    except OSError as error:
        _refuse_unreadable(error)
        return []


def _refuse_unreadable(error: OSError) -> None:
    raise InputError(f"{error.filename} cannot be read: {error.strerror}.") from error

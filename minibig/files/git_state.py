"""Which commit a run was started from: read from the files of the git checkout, nothing is run.

To ask git itself would obey the settings of the checkout that the current folder happens to lie in,
and these may name programs. So it is not known here whether files were changed since the commit.
"""

import re
from pathlib import Path
from typing import Any

from minibig.files.durable import StorageError
from minibig.files.reading import read_file

_LIMIT = 10_000_000  # bytes; packed-refs has a line of about 60 for every branch and tag
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_MOST_LINKS = 5  # from a name to a name, until a commit


def checkout_of(folder: Path) -> dict[str, Any] | None:
    """The commit and the branch of the checkout around a folder; None if there is none.

    The commit is None in a checkout that has none yet, the branch if none is checked out.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     checkout_of(Path(folder)) is None
    True
    """
    for place in (folder.absolute(), *folder.absolute().parents):
        head = _content(_git_folder(place / ".git") / "HEAD")
        if head is not None:
            name = head.removeprefix("ref:").strip() if head.startswith("ref:") else ""
            if not name and not _COMMIT.fullmatch(head):
                return None
            commit = _resolved(_git_folder(place / ".git"), head)
            return {"commit": commit, "branch": name.removeprefix("refs/heads/") or None}
    return None


def _git_folder(path: Path) -> Path:
    """Where git keeps its files: in `.git`, or where a file of this name points to."""
    content = _content(path)
    if content is None or not content.startswith("gitdir:"):
        return path
    return path.parent / content.removeprefix("gitdir:").strip()


def _resolved(git: Path, content: str) -> str | None:
    """The commit that the content of a reference leads to."""
    shared = _content(git / "commondir")  # of a work tree beside the main one
    common = git / shared if shared else git
    for _ in range(_MOST_LINKS):
        if not content.startswith("ref:"):
            return content if _COMMIT.fullmatch(content) else None
        name = content.removeprefix("ref:").strip()
        if not name.startswith("refs/") or ".." in name.split("/"):
            return None
        content = _content(git / name) or _content(common / name) or _packed(common, name)
    return None


def _packed(git: Path, name: str) -> str:
    lines = (_content(git / "packed-refs") or "").splitlines()
    found = [line.split()[0] for line in lines if line.split()[1:] == [name]]
    return found[0] if found else ""


def _content(path: Path) -> str | None:
    """The text of a file, or None if it is not there or no text."""
    try:
        return read_file(path, _LIMIT).decode().strip()
    except (StorageError, OSError, ValueError):
        return None

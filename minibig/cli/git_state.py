"""Which commit a run was started from: the state of the git checkout around the current folder."""

import os
import subprocess
from pathlib import Path
from typing import Any

_PATIENCE = 10.0  # seconds; a checkout on a slow disk shall not hold up a run


def git_state(folder: Path) -> dict[str, Any] | None:
    """The commit, its branch, and whether files that git knows were changed since (`dirty`).

    None if the folder lies in no checkout or git is not installed; within the result None stands
    for what git did not say: the commit of a checkout that has none yet, the branch of a detached
    one.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     git_state(Path(folder)) is None
    True
    """
    if _git(folder, "rev-parse", "--is-inside-work-tree") != "true":
        return None
    changes = _git(folder, "status", "--porcelain", "--untracked-files=no")
    return {
        "commit": _git(folder, "rev-parse", "--verify", "--quiet", "HEAD") or None,
        "branch": _git(folder, "symbolic-ref", "--short", "--quiet", "HEAD") or None,
        "dirty": None if changes is None else changes != "",
    }


def _git(folder: Path, *arguments: str) -> str | None:
    """What git answers, or None if it does not; nothing in the checkout is written or run."""
    try:
        done = subprocess.run(
            ["git", "-c", "core.fsmonitor=false", *arguments],
            cwd=folder,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_PATIENCE,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() if done.returncode == 0 else None

import shutil
import subprocess

import pytest

from minibig.cli import git_state as module
from minibig.cli.git_state import git_state

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A checkout, untouched by the settings of whoever runs the tests; `git` runs in it."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "none"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    folder = tmp_path / "checkout"
    folder.mkdir()

    def git(*arguments):
        identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        done = subprocess.run(
            ["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    git("init", "-q", "-b", "trunk")
    return folder, git


@needs_git
def test_commit_branch_and_changes(checkout):
    folder, git = checkout
    (folder / "a.txt").write_text("a")
    git("add", "a.txt")
    git("commit", "-qm", "first")
    commit = git("rev-parse", "HEAD")
    (folder / "sub").mkdir()
    (folder / "sub" / "untracked.txt").write_text("new")
    clean = {"commit": commit, "branch": "trunk", "dirty": False}
    assert git_state(folder) == git_state(folder / "sub") == clean
    (folder / "a.txt").write_text("b")
    assert git_state(folder) == {**clean, "dirty": True}
    git("checkout", "-q", "--detach")
    assert git_state(folder) == {"commit": commit, "branch": None, "dirty": True}


@needs_git
def test_a_checkout_without_a_commit(checkout):
    folder, _ = checkout
    assert git_state(folder) == {"commit": None, "branch": "trunk", "dirty": False}


@needs_git
def test_a_damaged_checkout_is_none(checkout):
    folder, _ = checkout
    (folder / ".git" / "HEAD").write_bytes(b"\xff\x00")
    assert git_state(folder) is None


def test_no_checkout_no_folder_and_no_git(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert git_state(tmp_path) is None
    assert git_state(tmp_path / "none") is None
    monkeypatch.setenv("PATH", str(tmp_path))
    assert git_state(tmp_path) is None


def test_a_git_that_hangs_is_not_waited_for(tmp_path, monkeypatch):
    def hang(*arguments, timeout, **settings):
        raise subprocess.TimeoutExpired("git", timeout)

    monkeypatch.setattr(module.subprocess, "run", hang)
    assert git_state(tmp_path) is None

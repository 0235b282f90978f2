import shutil
import subprocess

import pytest

from minibig.files import checkout_of

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
def test_commit_and_branch(checkout):
    folder, git = checkout
    (folder / "a.txt").write_text("a")
    git("add", "a.txt")
    git("commit", "-qm", "first")
    commit = git("rev-parse", "HEAD")
    (folder / "sub").mkdir()
    expected = {"commit": commit, "branch": "trunk"}
    assert checkout_of(folder) == checkout_of(folder / "sub") == expected
    git("pack-refs", "--all")
    assert checkout_of(folder) == expected
    git("checkout", "-q", "-b", "feature/one")
    assert checkout_of(folder) == {"commit": commit, "branch": "feature/one"}
    git("checkout", "-q", "--detach")
    assert checkout_of(folder) == {"commit": commit, "branch": None}


@needs_git
def test_a_work_tree_beside_the_main_one(checkout):
    folder, git = checkout
    git("commit", "-q", "--allow-empty", "-m", "first")
    git("worktree", "add", "-q", "-b", "second", str(folder.parent / "beside"))
    commit = git("rev-parse", "second")
    assert checkout_of(folder.parent / "beside") == {"commit": commit, "branch": "second"}


@needs_git
def test_a_checkout_without_a_commit(checkout):
    folder, _ = checkout
    assert checkout_of(folder) == {"commit": None, "branch": "trunk"}


@pytest.mark.parametrize("head", [b"\xff\x00", b"", b"ref: ../../secret", b"ref: refs/heads/none"])
def test_a_damaged_checkout_tells_no_commit(tmp_path, head):
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").write_bytes(head)
    assert (checkout_of(tmp_path) or {"commit": None})["commit"] is None


@needs_git
def test_nothing_that_the_checkout_names_is_run(checkout, tmp_path):
    """A filter and a monitor of files would be run by git when it looks for changes."""
    folder, git = checkout
    (folder / "a.txt").write_text("a")
    git("add", "a.txt")
    git("commit", "-qm", "first")
    ran = tmp_path / "ran"
    git("config", "filter.evil.clean", f"touch {ran}; cat")
    git("config", "core.fsmonitor", f"touch {ran}")
    (folder / ".git" / "info" / "attributes").write_text("* filter=evil\n")
    (folder / "a.txt").write_text("b")
    assert checkout_of(folder) is not None
    assert not ran.exists()


def test_no_checkout_and_no_folder(tmp_path):
    assert checkout_of(tmp_path) is None
    assert checkout_of(tmp_path / "none") is None

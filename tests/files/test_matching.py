"""Files below a folder and behind a pattern: those that Python's own glob finds."""

import os
from glob import glob
from pathlib import Path

import pytest

from minibig.files import files_below, files_matching, is_pattern


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("tree")
    for name in ("a.txt", "b1.md", ".c.txt", "in/a.txt", "in/.d/e.txt", "in/deep/f.txt", "x[1]/g"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("")
    return root


PATTERNS = ["*", "**", "**/*.txt", "*/*", "?.txt", "[ab]*", ".*", "in/*/f.txt", "no/*", "**/deep/*"]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_matches_what_glob_matches(folder, pattern):
    found = [path.relative_to(folder).as_posix() for path in files_matching(folder / pattern)]
    theirs = glob(pattern, root_dir=folder, recursive=True)
    assert sorted(found) == sorted(name for name in theirs if (folder / name).is_file())


def test_a_folder_has_the_files_that_are_not_hidden(folder):
    found = {path.relative_to(folder).as_posix() for path in files_below(folder)}
    assert found == {"a.txt", "b1.md", "in/a.txt", "in/deep/f.txt", "x[1]/g"}
    skipped = {path.name for path in files_below(folder, frozenset({"deep", "x[1]"}))}
    assert skipped == {"a.txt", "b1.md"}


def test_wildcards_make_a_pattern():
    assert all(map(is_pattern, ["*", "a?", Path("x[1]"), "**/a"]))
    assert not any(map(is_pattern, ["a.txt", Path("folder", "b"), os.curdir]))

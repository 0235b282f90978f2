"""Every chapter runs as a notebook: its cells one after the other, in a process of its own."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from as_notebook import cells_of

TESTS = Path(__file__).resolve().parent
CHAPTERS = sorted((TESTS.parents[1] / "tutorials").glob("[0-9][0-9]_*.py"))


def run(path, pictures):
    return subprocess.run(
        [sys.executable, "-W", "error", str(TESTS / "as_notebook.py"), str(path), str(pictures)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
        check=False,
        env={**os.environ, "CI": "true"},
    )


@pytest.mark.slow
@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_chapter_runs_as_a_notebook_and_shows_its_pictures(path, tmp_path):
    done = run(path, tmp_path)
    assert done.returncode == 0, done.stderr
    drawn = re.findall(r'picture\(\s*"(\w+)"', path.read_text(encoding="utf-8"))
    assert re.findall(r"^shown: (\w+)\.png$", done.stdout, flags=re.MULTILINE) == drawn
    assert {picture.stem for picture in tmp_path.glob("*.png")} == set(drawn)


@pytest.mark.parametrize(
    ("cells", "error"),
    [
        ("# %%\nprint(__file__)\n", "NameError"),
        ("# %%\nx = (1,\n# %%\n2)\n", "SyntaxError"),
        ("# %%\nopen('tutorials/chapter.py')\n", "FileNotFoundError"),
        ("# %%\nimport sys\nassert sys.argv[0].startswith('99')\n", "AssertionError"),
        ("# %%\nfrom as_notebook import cells_of\n", "ModuleNotFoundError"),
    ],
)
def test_what_only_a_script_can_do_fails(cells, error, tmp_path):
    path = TESTS.parents[1] / "tutorials"
    chapter = tmp_path / "99_script.py"
    chapter.write_text(cells, encoding="utf-8")
    (tmp_path / "chapter.py").write_bytes((path / "chapter.py").read_bytes())
    done = run(chapter, tmp_path)
    assert done.returncode == 1
    assert error in done.stderr


def test_cells_are_what_stands_between_their_marks():
    text = "# %% [markdown]\n# A\n\n# %%\nx = 1\n"
    assert cells_of(text) == [(" [markdown]", "# A\n\n"), ("", "x = 1\n")]

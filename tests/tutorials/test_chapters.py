"""What all chapters have in common, read off their source; whether they run is asked beside."""

import ast
import re
import sys
from pathlib import Path

import pytest
from as_notebook import cells_of

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = sorted((ROOT / "tutorials").glob("[0-9][0-9]_*.py"))
SECTIONS = [
    "Question",
    "The smallest thing that could work",
    "The library's version",
    "Experiment",
    "What it costs",
    "Summary",
    "Exercises",
]
each_chapter = pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
each_lesson = pytest.mark.parametrize("path", CHAPTERS[1:], ids=lambda path: path.stem)


def in_a_function(path, node):
    functions = [f for f in ast.walk(ast.parse(text_of(path))) if isinstance(f, ast.FunctionDef)]
    return any(f.lineno <= node.lineno <= f.end_lineno for f in functions)


def text_of(path):
    return path.read_text(encoding="utf-8")


def test_chapters_are_numbered_without_a_gap():
    assert [path.name[:2] for path in CHAPTERS] == [f"{i:02}" for i in range(len(CHAPTERS))]
    assert len(CHAPTERS) >= 9


@each_chapter
def test_a_chapter_and_its_cells_are_short(path):
    assert len(text_of(path).splitlines()) <= 400
    for kind, body in cells_of(text_of(path)):
        lines = [line for line in body.splitlines() if line.strip()]
        assert kind or len(lines) <= 27, f"{len(lines)} lines of code without prose: {lines[0]}"


@each_lesson
def test_the_sections_come_in_the_order_of_all_chapters(path):
    assert re.findall(r"^# ## (.*)$", text_of(path), flags=re.MULTILINE) == SECTIONS


@each_chapter
def test_a_chinese_abstract_stands_at_the_head(path):
    head = text_of(path).split("# %%")[1]
    assert "摘要" in head
    assert len(re.findall(r"[\u4e00-\u9fff]", head)) > 60


@each_chapter
def test_cells_are_a_notebook(path):
    for kind, body in cells_of(text_of(path)):
        assert kind in ("", " [markdown]")
        if kind:
            assert all(line.startswith("#") for line in body.splitlines() if line), body
        else:
            ast.parse(body)  # a cell is whole by itself
    assert "__name__" not in text_of(path)
    assert "__file__" not in text_of(path)


@each_chapter
def test_paths_in_the_text_exist(path):
    for name in re.findall(r"`((?:minibig|tutorials|benchmarks|tests)/[\w/.]*)`", text_of(path)):
        assert (ROOT / name).exists(), name


@each_lesson
def test_the_librarys_version_is_shown_by_path_and_compared(path):
    section = text_of(path).split("## The library's version")[1].split("## Experiment")[0]
    assert re.search(r"`minibig/[\w/]+\.py`", section)
    assert re.search(r"^ *expect\(", section, flags=re.MULTILINE)


@each_chapter
def test_who_changes_a_number_reads_a_note_and_no_assertion_error(path):
    for node in ast.walk(ast.parse(text_of(path))):
        assert not isinstance(node, ast.Assert | ast.Raise) or in_a_function(path, node), (
            f"line {node.lineno}: expect(...) says what does not hold, and fails in CI only"
        )


@each_lesson
def test_a_chapter_measures_what_it_says(path):
    box = text_of(path).split("## What it costs")[1].split("## Summary")[0]
    assert "cost(" in box
    assert "ten_times=" in box
    assert "parameters=" in box
    assert "readable(" in box
    assert "QUICK" in text_of(path) or path.name.startswith("0")


@each_chapter
def test_only_the_library_and_what_it_needs_is_imported(path):
    allowed = {"minibig", "numpy", "chapter", "check", "matplotlib"} | sys.stdlib_module_names
    for node in ast.walk(ast.parse(text_of(path))):
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        names += [node.module] if isinstance(node, ast.ImportFrom) else []
        assert {name.split(".")[0] for name in names} <= allowed

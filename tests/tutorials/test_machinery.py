"""What the chapters share: balance, box, bands, pictures; and the command `check.py`."""

import subprocess
import sys
from pathlib import Path

import chapter
import numpy as np
import pytest
from check import check, hint, main, solution

import minibig as mb

CHECK = Path(__file__).resolve().parents[2] / "tutorials" / "check.py"


def test_kept_bytes_are_those_of_the_result_and_peak_bytes_those_on_the_way():
    def f():
        scratch = np.ones(1_000_000, "uint8")
        return scratch[:1000].copy()

    assert 1000 <= chapter.kept_bytes(f) < 3000
    assert 1_000_000 <= chapter.peak_bytes(f) < 1_010_000


def test_the_balance_stands_still_for_what_is_made_once():
    memory = []

    def f():
        if not memory:
            memory.append(np.ones(1_000_000, "uint8"))

    assert chapter.kept_bytes(f) < 10_000


def test_seconds_is_positive_and_calls_at_least_twice():
    calls = []
    assert chapter.seconds(lambda: calls.append(1), repeats=3) > 0
    assert len(calls) == 4 - chapter.QUICK


@pytest.mark.parametrize(
    ("amount", "unit", "text"),
    [
        (999.9, "B", "1 kB"),
        (1_234_567, "", "1.23 M"),
        (0.5, "s", "500 ms"),
        (12, "s", "12 s"),
        (3e-9, "s", "3 ns"),
        (0, "B", "0 B"),
    ],
)
def test_readable_numbers(amount, unit, text):
    assert chapter.readable(amount, unit) == text


def test_the_box_has_a_row_for_everything(capsys):
    chapter.cost("a thing", parameters="7", bytes_kept="8 " * 80, ten_times="it breaks")
    lines = capsys.readouterr().out.splitlines()
    assert "what it costs: a thing" in lines[1]
    assert any(line.startswith("│ parameters    7") for line in lines)
    assert any(line.startswith("│ bytes kept    8 8") for line in lines)
    assert any("at ten times  it breaks" in line for line in lines)
    assert max(map(len, lines)) <= 80


def test_a_claim_that_does_not_hold_is_a_note_for_a_reader_and_an_error_in_ci(capsys, monkeypatch):
    chapter.within("loss", 1.0, 0.5, 1.5)
    chapter.expect(True, "all is well")
    assert capsys.readouterr().out == "loss: 1.000   (band 0.5 to 1.5)\n"
    for value in (0.4, 1.6, float("nan")):
        monkeypatch.setattr(chapter, "IN_CI", True)
        with pytest.raises(AssertionError, match=r"loss lies between 0\.5 and 1\.5"):
            chapter.within("loss", value, 0.5, 1.5)
        monkeypatch.setattr(chapter, "IN_CI", False)
        chapter.within("loss", value, 0.5, 1.5)
        assert "note: with these numbers it is not so that loss lies" in capsys.readouterr().out


def test_pictures_are_saved(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(chapter, "PICTURES", tmp_path / "pictures")
    with chapter.picture("two", panels=2) as (left, right):
        left.plot([1, 2], label="a line")
        right.set(title="empty")
    assert (tmp_path / "pictures" / "two.png").read_bytes().startswith(b"\x89PNG")
    assert "two.png" in capsys.readouterr().out


def test_check_prints_the_verdict_and_returns_it(capsys):
    assert check("08.2", lambda prompt, most: max(0, most - prompt)) is True
    assert capsys.readouterr().out == "08.2 new_tokens: right.\n"
    assert check("08.2", lambda prompt, most: most) is False
    assert "counts the prompt as well" in capsys.readouterr().out


def test_check_as_a_decorator_leaves_the_function(capsys):
    @check("08.2")
    def new_tokens(prompt_length, max_length):
        return max(0, max_length - prompt_length)

    assert new_tokens(1, 5) == 4
    assert "right" in capsys.readouterr().out


def test_hint_and_solution_are_printed(capsys):
    hint("08.2")
    solution("08.2")
    out = capsys.readouterr().out
    assert "The prompt counts" in out
    assert "def new_tokens(" in out
    for show in (hint, solution, check):
        with pytest.raises(mb.InputError, match="no exercise"):
            show(*(("1", print) if show is check else ("1",)))


def test_a_file_of_answers_is_checked_by_names(tmp_path):
    answers = tmp_path / "my_answers.py"
    answers.write_text(
        "from minibig import tensor\n"
        "def new_tokens(prompt, most): return max(0, most - prompt)\n"
        "def quotient(a, b): return a / b, 1 / b, a / b**2\n",
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, str(CHECK), str(answers)], capture_output=True, timeout=60, check=False
    )
    out = done.stdout.decode()
    assert (done.returncode, done.stderr.decode()) == (1, "")
    assert "08.2 new_tokens: right." in out
    assert "01.2 quotient: not yet" in out
    assert "wrong sign" in out


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = 1\n", "no function with the name"),
        ("def f(:\n", "cannot be run"),
        (None, "is no file. Give the Python file"),
    ],
)
def test_a_file_that_cannot_be_checked_gets_one_line(tmp_path, text, words):
    path = tmp_path / "answers.py"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(SystemExit) as stop:
        main([str(path)])
    assert words in str(stop.value)
    assert "\n" not in str(stop.value)


def test_a_chapter_refuses_options_that_it_does_not_know():
    path = CHECK.parent / "05_perceptron.py"
    done = subprocess.run([sys.executable, path, "--quik"], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "a chapter knows --quick and nothing else; got --quik.\n"
    chapter.check_arguments(["--quick"])
    with pytest.raises(SystemExit, match="got quick"):
        chapter.check_arguments(["quick"])


def test_a_verdict_ends_in_a_full_stop_before_the_hint(capsys):
    check("01.2", lambda *inputs: None)
    out = capsys.readouterr().out
    assert out.startswith("01.2 quotient: not yet: ") and '. hint("01.2") helps.' in out

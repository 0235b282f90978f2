import json
import re
import shutil

import pytest

from minibig.cli import main

from .commands import TINY, flags


@pytest.fixture
def two_runs(finished_run, tmp_path):
    """The finished run, and another one that learned slower, at another rate."""
    other = tmp_path / "other"
    shutil.copytree(finished_run, other)
    lines = [json.loads(line) for line in (other / "metrics.jsonl").read_text().splitlines()]
    for line in lines:
        line |= {name: line[name] + 1 for name in ("loss", "validation_loss") if name in line}
    (other / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    record = json.loads((other / "run.json").read_text())
    record["settings"]["training"]["lr"] = 0.5
    (other / "run.json").write_text(json.dumps(record))
    return finished_run, other


def test_a_picture_and_a_table_of_what_was_reached_and_what_differs(two_runs, tmp_path, capsys):
    first, other = two_runs
    picture = tmp_path / "new" / "both.png"
    assert main(["plot", str(first), str(other), "--out", str(picture)]) == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
    reached, differs, last = capsys.readouterr().out.split("\n\n")
    head, *rows = (line.split() for line in reached.splitlines())
    found = {row[0]: dict(zip(head, row, strict=True)) for row in rows}
    assert set(found) == {"finished", "other"}
    assert found["other"]["steps"] == "6"
    for name in ("smoothed", "validation", "best"):
        difference = float(found["other"][name]) - float(found["finished"][name])
        assert difference == pytest.approx(1, abs=2e-4)
    assert [line.split() for line in differs.splitlines()[1:]] == [
        ["run", "finished", "other"],
        ["lr", "0.01", "0.5"],
    ]
    assert last == f"picture: {picture}\n"


def test_one_run_differs_from_nothing(finished_run, tmp_path, capsys):
    assert main(["plot", str(finished_run), "--out", str(tmp_path / "a.png")]) == 0
    assert "what differs" not in capsys.readouterr().out


def test_a_name_that_no_font_can_write_is_told_in_the_terminal(finished_run, tmp_path, capsys):
    run, picture = tmp_path / "run\uffff", tmp_path / "a.png"  # which is no character at all
    shutil.copytree(finished_run, run)
    assert main(["plot", str(run), str(finished_run), "--out", str(picture)]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[-2:] == [
        f"picture: {picture}",
        "run\\uffff in it is run\uffff: no installed font has all of its characters",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{run}", "{run}"], "is given twice"),
        (["{run}", "{none}"], "holds no run. Give folders that minibig train wrote"),
        (["{run}", "--out", "{run}/run.json"], "Give a name that ends in .png"),
        (["{empty}"], "has no losses to compare yet"),
        (["{run}", "--out", "{run}/run.json/a.png"], "run.json cannot be written"),
    ],
)
def test_mistakes_are_one_line(finished_run, tmp_path, capsys, arguments, message):
    (tmp_path / "empty").mkdir()
    shutil.copy(finished_run / "run.json", tmp_path / "empty")
    names = {"run": finished_run, "none": tmp_path / "none", "empty": tmp_path / "empty"}
    before = (finished_run / "run.json").read_bytes()
    assert main(["plot", *(argument.format(**names) for argument in arguments)]) == 1
    complaint = capsys.readouterr().err
    assert message in complaint and complaint.count("\n") == 1
    assert (finished_run / "run.json").read_bytes() == before


def test_runs_of_other_tokenizers_are_compared_in_bits_per_byte(
    finished_run, text_file, tmp_path, capsys
):
    other = tmp_path / "other"
    settings = flags({**TINY, "tokenizer": "bpe", "vocab_size": 300})
    assert main(["train", "--data", str(text_file), "--out", str(other), *settings]) == 0
    bits = re.findall(r"bits per byte ([\d.]+)", capsys.readouterr().out)
    assert main(["plot", str(finished_run), str(other), "--out", str(tmp_path / "a.png")]) == 0
    shown = capsys.readouterr().out
    assert "compare bits per byte, not losses per token" in shown
    rows = dict(line.split() for line in shown.splitlines() if len(line.split()) == 2)
    assert rows["other"] == bits[0]
    assert max(map(len, shown.splitlines()[:8])) <= 80


def test_many_runs_with_long_names_fit_80_columns(finished_run, tmp_path, capsys):
    runs = [tmp_path / f"a run with quite a long name, number {i}" for i in range(4)]
    for i, run in enumerate(runs):
        shutil.copytree(finished_run, run)
        record = json.loads((run / "run.json").read_text())
        record["settings"]["training"]["lr"] = 0.01 + i
        (run / "run.json").write_text(json.dumps(record))
    assert main(["plot", *map(str, runs), "--out", str(tmp_path / "a.png")]) == 0
    tables = capsys.readouterr().out.partition("picture:")[0]
    assert "lr" in tables and max(map(len, tables.splitlines())) <= 80


@pytest.mark.parametrize(
    "line", ['{"step": "one", "loss": 1.0}', '{"step": 1, "loss": "low"}', "[1]"]
)
@pytest.mark.parametrize("command", ["plot", "info"])
def test_a_metrics_file_of_wrong_types_is_one_line(finished_run, tmp_path, capsys, line, command):
    run = tmp_path / "run"
    shutil.copytree(finished_run, run)
    (run / "metrics.jsonl").write_text(line + "\n")
    more = ["--out", str(tmp_path / "a.png")] if command == "plot" else []
    assert main([command, str(run), *more]) == 1
    shown = capsys.readouterr().err
    assert "metrics.jsonl" in shown and shown.count("\n") == 1

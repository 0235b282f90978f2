import json
import shutil

import pytest

from minibig.cli import main


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
    for name in ("loss", "validation", "best"):
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

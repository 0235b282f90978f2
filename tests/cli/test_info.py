import json
import shutil

from minibig.cli import main


def shown(capsys, *arguments):
    assert main(["info", *map(str, arguments)]) == 0
    rows = capsys.readouterr().out.splitlines()
    return {row.split("  ")[0]: row.split("  ", 1)[1].strip() for row in rows}


def test_a_run(capsys, finished_run):
    rows = shown(capsys, finished_run)
    assert rows["run"] == str(finished_run)
    assert rows["command"].startswith("minibig train --data")
    assert rows["optimizer"] == "adamw"
    assert rows["steps"] == "6 of 6"
    assert ("git" in rows) == bool(json.loads((finished_run / "run.json").read_text())["git"])
    assert float(rows["loss"]) > 0 and float(rows["validation loss"]) > 0
    assert rows["checkpoints"].startswith("step-00000004, step-00000006")
    assert rows["tokenizer"].startswith("Characters, ")


def test_a_model(capsys, finished_run):
    rows = shown(capsys, finished_run / "model")
    V, T, D = int(rows["vocab_size"]), 8, 8
    assert (rows["context_length"], rows["d_model"]) == ("8", "8")
    block = 2 * 2 * D + (3 * D * D + 3 * D) + (D * D + D) + (4 * D * D + 4 * D) + (4 * D * D + D)
    assert int(rows["parameters"].replace(",", "")) == V * D + T * D + block + 2 * D


def test_a_tokenizer(capsys, bpe_folder):
    assert shown(capsys, bpe_folder)["tokenizer"] == "ByteLevelBPE, 280 tokens"


def test_checkpoints_and_one_of_them(capsys, finished_run):
    for folder in ("checkpoints", "checkpoints/step-00000006"):
        assert shown(capsys, finished_run / folder)["step"] == "6"
    assert shown(capsys, finished_run / "checkpoints/step-00000004")["step"] == "4"


def test_a_token_file(capsys, finished_run):
    rows = shown(capsys, finished_run / "tokens" / "training.bin")
    assert rows["tokens"] == rows["bytes of text"] == "1,008"
    assert rows["documents"] == "1"


def test_a_run_says_what_its_time_was_spent_on_and_an_older_one_does_without(
    capsys, finished_run, tmp_path
):
    spent = shown(capsys, finished_run)["spent on"]
    assert {part.split(" % ")[1] for part in spent.split(", ")} == {
        *("steps", "data", "saving", "rest", "validation", "sample", "picture")
    }
    shutil.copytree(finished_run, older := tmp_path / "older")
    record = json.loads((older / "run.json").read_text())
    del record["seconds"]
    (older / "run.json").write_text(json.dumps(record))
    assert "spent on" not in shown(capsys, older)

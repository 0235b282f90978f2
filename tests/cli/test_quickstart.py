"""quickstart with a text of the user's; tests/recipes/test_quickstart_run.py is about the other."""

import json

import pytest

from minibig.cli import main
from minibig.data import standard_library
from minibig.recipes import Quickstart
from minibig.recipes.folder import TextRecord, write_record

from .commands import TINY, called


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    path = tmp_path_factory.mktemp("config") / "tiny.json"
    path.write_text(json.dumps({**TINY, "tokenizer": "bpe", "vocab_size": 270}))
    return path


def test_it_learns_from_a_file_goes_on_and_begins_anew(config, text_file, tmp_path):
    arguments = ("quickstart", "--data", text_file, "--config", config)
    first = called(*arguments, folder=tmp_path)
    assert first.returncode == 0, first.stderr
    assert "finished: 6 steps" in first.stdout
    run = tmp_path / "runs" / "quickstart"
    weights = (run / "model" / "model.safetensors").read_bytes()
    again = called(*arguments, folder=tmp_path)
    assert again.returncode == 0, again.stderr
    assert "this run was finished already: 6 steps" in again.stdout
    assert again.stdout.partition("on cpu\n")[2].count("\n\n") >= 3
    anew = called(*arguments, "--restart", folder=tmp_path)
    assert "\nfinished: 6 steps" in anew.stdout
    assert (run / "model" / "model.safetensors").read_bytes() == weights


def test_it_learns_from_the_standard_library_and_writes(config, tmp_path, monkeypatch):
    """From every 20th module of it: to find the docstrings of all takes seconds."""
    modules = dict(list(standard_library._modules().items())[::20])
    monkeypatch.setattr(standard_library, "_modules", lambda: modules)
    done = called("quickstart", "--data", "stdlib", "--config", config, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "text: stdlib, " in done.stdout
    assert "\nThis function returns" in done.stdout
    assert done.stderr == ""


def test_a_config_may_be_wrong(tmp_path):
    path = tmp_path / "a.json"
    path.write_text('{"step": 3}')
    done = called("quickstart", "--config", path, folder=tmp_path)
    assert done.returncode == 1
    assert (
        done.stderr == f"minibig: {path}: Quickstart has no setting 'step'; did you mean steps?\n"
    )
    assert not (tmp_path / "runs").exists()


def test_a_text_after_the_world_is_advised_rightly(config, text_file, tmp_path, capsys):
    folder = tmp_path / "run"
    write_record(folder, [], Quickstart(), TextRecord(name="world"))
    arguments = ["--data", str(text_file), "--config", str(config), "--out", str(folder)]
    assert main(["quickstart", *arguments]) == 1
    shown = capsys.readouterr().err
    assert "choose another --out, or begin anew there (--restart)" in shown
    assert "--resume" not in shown and "began with" not in shown


@pytest.mark.parametrize(
    "wrong", [["--config", "{none}"], ["--data", "{none}"], ["--config", "{huge}"]]
)
def test_a_restart_that_cannot_begin_destroys_nothing(wrong, config, text_file, tmp_path, capsys):
    huge = tmp_path / "huge.json"
    huge.write_text(json.dumps({**json.loads(config.read_text()), "batch_size": 10**15}))
    run = tmp_path / "run"
    arguments = ["quickstart", "--data", str(text_file), "--out", str(run)]
    assert main([*arguments, "--config", str(config)]) == 0
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    words = [word.format(none=tmp_path / "none.json", huge=huge) for word in wrong]
    assert main([*arguments, *words, "--restart"]) == 1
    assert before == {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}

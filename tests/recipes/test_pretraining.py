"""A pre-training from Python: the command's results, and what becomes of the run that was there."""

import json
import os
import shutil

import pytest
from cli.commands import TINY, flags

import minibig as mb
from minibig.cli import main
from minibig.recipes import Display, Pretraining, folder, pretrain, pretraining
from minibig.recipes.folder import RECORD
from minibig.recipes.resuming import extended, settings_on_record
from minibig.training import Metrics
from minibig.training.progress import Silence

QUIET = Display(say=lambda line="": None, progress=Silence)


def weights(run):
    return (run / "model" / "model.safetensors").read_bytes()


@pytest.fixture
def settings(tmp_path, text_file):
    text = shutil.copy(text_file, tmp_path / "text.txt")
    return Pretraining.of({**TINY, "data": str(text), "out": tmp_path / "run"})


@pytest.fixture(scope="module")
def run_elsewhere(tmp_path_factory, text_file):
    """A finished run beside its text."""
    folder = tmp_path_factory.mktemp("elsewhere")
    text = shutil.copy(text_file, folder / "text.txt")
    settings = Pretraining.of({**TINY, "data": str(text), "out": folder / "run"})
    return pretrain(settings, display=QUIET).folder


@pytest.fixture
def run(settings, run_elsewhere):
    """A finished run of these settings: a copy, whose record says where it lies."""
    run = shutil.copytree(run_elsewhere, settings.folder)
    record = (run / RECORD).read_text()
    (run / RECORD).write_text(record.replace(str(run_elsewhere.parent), str(run.parent)))
    assert settings_on_record(run).to_json() == settings.to_json()
    return run


def test_the_command_and_python_come_to_the_same_bits(run, settings, tmp_path, capsys):
    arguments = ["--data", settings.data, "--out", str(tmp_path / "other"), *flags(TINY)]
    assert main(["train", *arguments]) == 0
    assert weights(run) == weights(tmp_path / "other")
    result = pretrain(settings, display=QUIET)
    assert not result.is_new and result.folder == run
    assert result.model.config.vocab_size == result.tokenizer.vocab_size
    assert result.metrics["steps"] == 6 and 0 < result.metrics["bits_per_byte"] < 8
    loaded = mb.load(run)
    assert (loaded([[1, 2]]).numpy() == result.model([[1, 2]]).numpy()).all()


def test_a_recipe_is_in_the_table_of_contents():
    assert mb.recipes.Pretraining(data="mine.txt", training=mb.training.TrainingSettings(steps=9))
    assert mb.recipes.Quickstart.of_text("mine.txt").pretraining.data == "mine.txt"


@pytest.mark.parametrize("what", ["moved", "a link", "gone", "elsewhere"])
def test_a_run_follows_its_text_by_content(run, settings, tmp_path, what):
    text, before = tmp_path / "text.txt", weights(run)
    other = tmp_path / "other.txt"
    if what == "moved":
        text.rename(other)
        settings = settings.changed({"data": str(other)})
    elif what == "a link":
        other.symlink_to(text)
        settings = settings.changed({"data": str(other)})
    else:
        text.unlink()
    if what == "elsewhere":
        shutil.move(run, tmp_path / "elsewhere")
        run = tmp_path / "elsewhere"
        settings = settings_on_record(run)
    assert not pretrain(settings, display=QUIET).is_new
    assert weights(run) == before


def test_another_text_is_refused_also_under_the_same_name(run, settings, tmp_path):
    other = tmp_path / "other.txt"
    other.write_text("something else " * 100)
    with pytest.raises(mb.InputError, match="is not, or no longer, the text"):
        pretrain(settings.changed({"data": str(other)}), display=QUIET)
    (tmp_path / "text.txt").write_text("changed " * 100)
    with pytest.raises(mb.InputError, match="is not, or no longer, the text"):
        pretrain(settings, display=QUIET)


@pytest.mark.parametrize(
    "wrong",
    [
        {"data": "typo.txt"},
        {"device": "cuda:7"},
        {"tokenizer": "words"},
        {"tokenizer": "bpe", "vocab_size": 100},
        {"context_length": 5000},
        {"sample_prompt": "QQQ"},
        {"from_": "nothing"},
    ],
)
def test_a_restart_that_cannot_begin_destroys_nothing(run, settings, wrong):
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    with pytest.raises(mb.InputError):
        pretrain(settings.changed(wrong), restart=True, display=QUIET)
    assert before == {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}


@pytest.mark.parametrize("point", ["tokenized", "check_length", "_model", "write_record"])
def test_a_restart_that_is_killed_is_put_right_by_the_next_start(run, settings, point, monkeypatch):
    """As if the process had ended there: nothing more is done, also not on the way out."""
    before = weights(run)
    monkeypatch.setattr(folder, "restore", lambda *arguments: None)

    class Killed(BaseException):
        pass

    def kill(*arguments):
        raise Killed

    monkeypatch.setattr(pretraining, point, kill)
    with pytest.raises(Killed):
        pretrain(settings.changed({"seed": 1}), restart=True, display=QUIET)
    assert not (run / RECORD).exists()
    monkeypatch.undo()
    assert not pretrain(settings, display=QUIET).is_new
    assert weights(run) == before


@pytest.mark.parametrize("n_moved", [1, 2, 4])
def test_a_restart_that_is_killed_while_it_sets_aside_loses_nothing(run, settings, n_moved):
    before = weights(run)
    (run / ".minibig-previous").mkdir()
    for name in (RECORD, "checkpoints", "model", "tokens")[:n_moved]:
        shutil.move(run / name, run / ".minibig-previous" / name)
    assert not pretrain(settings, display=QUIET).is_new
    assert weights(run) == before


def test_a_restart_leaves_the_new_run_alone_when_its_record_is_there(run, settings):
    (run / "notes.txt").write_text("mine")
    result = pretrain(settings.changed({"seed": 1}), restart=True, display=QUIET)
    assert result.is_new and settings_on_record(run).training.seed == 1
    assert (run / "notes.txt").read_text() == "mine"
    assert not [path for path in run.iterdir() if path.name.startswith(".minibig")]


def test_a_finished_run_is_extended_and_one_that_is_not_finished_is_not(run, settings):
    with pytest.raises(mb.InputError, match="began with steps = 6; got steps = 9"):
        pretrain(settings.changed({"steps": 9}), display=QUIET)
    longer = extended(run, 3)
    assert longer.training.steps == 9
    with pytest.raises(mb.InputError, match="has made 6 of 9 steps"):
        extended(run, 3)
    result = pretrain(longer, display=QUIET)
    assert result.is_new and result.metrics["steps"] == 9
    assert settings_on_record(run).training.steps == 9


def test_a_run_can_start_from_another(run, settings, tmp_path):
    second = Pretraining.of({"data": settings.data, "out": tmp_path / "second", "steps": 1})
    second = second.changed({"from_": run, "lr": 1e-9, "evaluate_batches": 1})
    pretrain(second, display=QUIET)
    record = settings_on_record(tmp_path / "second")
    assert record.from_ == run and record.model == settings.model
    begun, ended = (mb.load(place).state_dict() for place in (run, tmp_path / "second"))
    for name, values in begun.items():
        assert abs(ended[name] - values).max() < 1e-6, "a step of no length changes nothing"
    shutil.rmtree(run)  # a run goes on without the one that it started from
    lines = Metrics(second.folder / "metrics.jsonl").read()
    assert not any("warning" in line for line in lines), "what it has learned is no surprise"
    assert not pretrain(second, display=QUIET).is_new
    with pytest.raises(mb.InputError, match="is not a folder"):
        pretrain(second.changed({"out": tmp_path / "third"}), display=QUIET)


def test_a_record_of_an_older_version_has_its_settings_in_one_row(run, settings):
    record = json.loads((run / RECORD).read_text())
    record["settings"] = {**settings.flat(), "out": None, "clip": 0, "betas": [0.9, 0.99]}
    del record["settings"]["out"], record["settings"]["from_"]
    record["seed"] = 0
    record["git"] = {"commit": None, "branch": None, "dirty": False}
    (run / RECORD).write_text(json.dumps(record))
    assert settings_on_record(run).training.clip is None
    with pytest.raises(mb.InputError, match=r"began with clip = None; got clip = 1\.0"):
        pretrain(settings, display=QUIET)
    record["settings"]["clip"] = 1.0
    (run / RECORD).write_text(json.dumps(record))
    assert not pretrain(settings, display=QUIET).is_new


@pytest.mark.skipif(os.name == "nt", reason="names there are Unicode")
def test_a_path_that_is_no_unicode_is_refused_before_anything_is_made(settings, tmp_path):
    name = os.fsdecode(os.fsencode(tmp_path) + b"/\xff")
    for wrong in ({"data": f"{name}.txt"}, {"out": name}):
        with pytest.raises(mb.InputError, match="can be written as UTF-8"):
            pretrain(settings.changed(wrong), display=QUIET)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["text.txt"]


@pytest.mark.parametrize("change", [{"n_layers": 2}, {"betas": [0.9, 0.98]}, {"steps": 9}])
def test_other_settings_are_named_with_both_values(run, settings, change):
    (name,) = change
    other = settings.changed(change)
    expected = f"began with {settings.listed([name])}; got {other.listed([name])}"
    with pytest.raises(mb.InputError) as caught:
        pretrain(other, display=QUIET)
    assert expected in str(caught.value)


def test_a_warm_up_that_is_said_is_the_one_that_was_the_default(settings):
    begun = Pretraining.of({**settings.to_json(), "training": {"steps": 20}})
    run = pretrain(begun, display=QUIET)
    assert pretrain(begun.changed({"warmup_steps": 2}), display=QUIET).metrics == run.metrics
    with pytest.raises(mb.InputError, match="began with warmup_steps = None; got warmup_steps = 3"):
        pretrain(begun.changed({"warmup_steps": 3}), display=QUIET)

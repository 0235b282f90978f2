"""A run with its picture: drawn if that is possible, and never the end of a run."""

import io
import re
import signal

import pytest
from training.tiny_runs import trainer

import minibig as mb
from minibig.recipes import pretraining
from minibig.recipes.folder import TextRecord, is_run, read_record, write_record
from minibig.recipes.training_run import run_and_draw
from minibig.training import Interrupted, ProgressLog, TrainingError, interruption
from minibig.training.clock import PARTS


def test_a_picture_that_cannot_be_drawn_is_warned_of_and_the_run_ends_well(tmp_path):
    def draw():
        raise RuntimeError("LaTeX is\nnot installed")

    run, said = trainer(tmp_path), []
    run.progress = ProgressLog(shown := io.StringIO())
    assert run_and_draw(run, draw, said.append).steps == run.settings.steps
    assert "could not be drawn: RuntimeError: LaTeX is not installed" in shown.getvalue()


def test_what_ended_a_run_is_said_and_not_why_its_picture_is_missing(tmp_path):
    def draw():
        raise RuntimeError("no picture")

    def diverging(step, micro_step, loss):
        return loss * float("nan") if step == 2 else loss

    with pytest.raises(TrainingError, match="step 3 has the loss nan"):
        run_and_draw(trainer(tmp_path, loss=diverging), draw, print)


def test_a_picture_is_drawn_at_the_end(tmp_path):
    drawn = []
    run_and_draw(trainer(tmp_path), lambda: drawn.append(1), print)
    assert drawn


@pytest.mark.parametrize("patience", [60.0, 0.0])
def test_who_stops_a_run_does_not_wait_for_a_picture_that_comes_late(
    tmp_path, monkeypatch, patience
):
    monkeypatch.setattr(interruption, "_PATIENCE", patience)

    def stopped(step, micro_step, loss):
        if (step, micro_step) == (2, 0):
            signal.raise_signal(signal.SIGINT)
        return loss

    drawn = []
    with pytest.raises(Interrupted):
        run_and_draw(trainer(tmp_path, loss=stopped), lambda: drawn.append(1), print)
    assert bool(drawn) == (patience > 0)


def begin(folder):
    """Write the record of a pre-training."""
    write_record(folder, ["made"], pretraining.Pretraining(), TextRecord())


def test_a_run_says_what_its_time_was_spent_on_and_keeps_it_in_its_record(tmp_path):
    begin(tmp_path)
    said = []
    run_and_draw(trainer(tmp_path), lambda: None, said.append)
    kept = read_record(tmp_path).seconds
    assert set(kept) == {*PARTS, "validation", "sample", "picture"}
    by = read_record(tmp_path).kernels
    assert said[0].startswith(f"kernels: {by[0]}")
    assert re.fullmatch(r"time: \d+ s: \d+\.\d % \w+, .*", said[1])
    run_and_draw(trainer(tmp_path), lambda: None, said.append)
    assert said[2:] == said[:1], "a run that was finished before has said it"
    assert (read_record(tmp_path).seconds, read_record(tmp_path).kernels) == (kept, by)
    with mb.reference():
        run_and_draw(trainer(tmp_path), lambda: None, said.append)
    assert read_record(tmp_path).kernels == (*by, "formulas alone")


def test_a_run_that_is_stopped_keeps_what_its_time_was_spent_on(tmp_path):
    begin(tmp_path)

    def stopped(step, micro_step, loss):
        if (step, micro_step) == (2, 0):
            signal.raise_signal(signal.SIGINT)
        return loss

    with pytest.raises(Interrupted):
        run_and_draw(trainer(tmp_path, loss=stopped), lambda: None, print)
    before = read_record(tmp_path).seconds
    run_and_draw(trainer(tmp_path), lambda: None, print)
    after = read_record(tmp_path).seconds
    assert 0 < before["steps"] < after["steps"]


def test_a_run_without_a_record_makes_none(tmp_path):
    run_and_draw(trainer(tmp_path), lambda: None, print)
    assert not is_run(tmp_path)

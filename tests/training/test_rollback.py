"""Runs that go back and try again more slowly: what is lowered, how often, and to the same bits."""

import contextlib
import math
import signal

import numpy as np
import pytest

import minibig as mb
from minibig.storage import list_checkpoints
from minibig.training import Interrupted, Metrics, TrainingError, TrainingSettings

from .test_loop import Crash
from .tiny_runs import STEPS, is_finite, measure_of, remains, stale_files, trainer, with_look

CAREFUL = {"on_divergence": "roll_back", "rollback_factor": 0.25}


def too_fast_at(*steps, above=0.5):
    """The loss is infinite at these steps while the rate is more than a part of the settings'."""

    def run_in(folder, interrupt=lambda step, micro_step: None, **changes):
        def loss(step, micro_step, value):
            interrupt(step, micro_step)
            return value * math.inf if step in steps and run.state.lr_factor > above else value

        run = trainer(folder, loss=loss, **{**CAREFUL, **changes})
        return run

    return run_in


def rollbacks(folder):
    return [x for x in Metrics(folder / "metrics.jsonl").read() if "rollback" in x]


def test_a_run_goes_back_to_the_last_checkpoint_and_on_at_a_lower_rate(tmp_path):
    run = too_fast_at(7)(tmp_path)
    result = run.run()
    assert result.steps == STEPS and is_finite(tmp_path)
    (line,) = rollbacks(tmp_path)
    assert (line["step"], line["rollback"], line["lr_factor"]) == (6, 1, 0.25)
    assert line["because"].startswith("step 8 has the loss inf and the gradient norm")
    assert "the first bad tensor is the gradient of" in line["because"]
    lines = [x for x in Metrics(tmp_path / "metrics.jsonl").read() if "loss" in x]
    assert [x["step"] for x in lines] == list(range(1, STEPS + 1))
    for x in lines:
        factor = 1.0 if x["step"] <= 6 else 0.25
        assert x["lr"] == factor * run.settings.learning_rate(x["step"] - 1)


def test_each_rollback_lowers_the_rate_further(tmp_path):
    too_fast_at(4, 10, above=0.1)(tmp_path).run()
    factors = [(x["step"], x["rollback"], x["lr_factor"]) for x in rollbacks(tmp_path)]
    assert factors == [(3, 1, 0.25), (3, 2, 0.0625)]


@pytest.mark.parametrize("every", [0, 1, 3, 7])
def test_before_the_first_checkpoint_it_begins_anew(tmp_path, every):
    too_fast_at(0)(tmp_path, checkpoint_every=every).run()
    assert [x["step"] for x in rollbacks(tmp_path)] == [0]


def test_after_so_many_attempts_it_gives_up_and_the_last_good_checkpoint_stays(tmp_path):
    run = too_fast_at(7, above=0.0)(tmp_path, max_rollbacks=2)
    words = r"^step 8 has the loss inf .* rolled back 2 times, to 0\.0625 times the learning rate"
    with pytest.raises(TrainingError, match=words):
        run.run()
    assert len(rollbacks(tmp_path)) == 2
    assert list_checkpoints(tmp_path / "checkpoints")[-1].name.startswith("step-00000006")
    assert is_finite(tmp_path) and not stale_files(tmp_path)


def test_a_run_that_stopped_may_go_on_carefully_and_nothing_else_changes_it(tmp_path):
    stopping = too_fast_at(7)
    with pytest.raises(TrainingError, match="step 8 has the loss inf"):
        stopping(tmp_path / "a", on_divergence="stop").run()
    stopping(tmp_path / "a").run()
    stopping(tmp_path / "b").run()
    assert remains(tmp_path / "a") == remains(tmp_path / "b")
    trainer(tmp_path / "c").run()
    trainer(tmp_path / "d", **CAREFUL).run()
    assert remains(tmp_path / "c") == remains(tmp_path / "d")


@pytest.mark.parametrize("places", [[(7, 1)], [(6, 0), (6, 1)], [(3, 1), (9, 0), (17, 1)]])
def test_a_run_that_rolled_back_and_was_stopped_arrives_at_the_same_bits(tmp_path, places):
    diverging = too_fast_at(7, 13, above=0.2)
    diverging(tmp_path / "unbroken").run()

    def crash(place):
        def interrupt(step, micro_step):
            if (step, micro_step) == place:
                raise Crash

        return interrupt

    for place in places:
        with contextlib.suppress(Crash):
            diverging(tmp_path / "broken", crash(place)).run()
    diverging(tmp_path / "broken").run()
    assert len(rollbacks(tmp_path / "unbroken")) == 2
    assert remains(tmp_path / "broken") == remains(tmp_path / "unbroken")


def test_a_crash_right_after_the_rollback_costs_nothing(tmp_path, monkeypatch):
    diverging = too_fast_at(7)
    diverging(tmp_path / "unbroken").run()
    run = diverging(tmp_path / "broken")
    with monkeypatch.context() as patch:

        def crash(values):
            raise Crash

        patch.setattr(run, "_report", lambda values: "rollback" in values and crash(values))
        with pytest.raises(Crash):
            run.run()
    diverging(tmp_path / "broken").run()
    losses = [
        [(x["step"], x["loss"]) for x in Metrics(tmp_path / name / "metrics.jsonl").read()
         if "loss" in x]
        for name in ("broken", "unbroken")
    ]  # fmt: skip
    assert losses[0] == losses[1]
    assert remains(tmp_path / "broken")["arrays"] == remains(tmp_path / "unbroken")["arrays"]


def test_bad_parameters_and_bad_evaluations_are_rolled_back_as_well(tmp_path):
    run = trainer(tmp_path, **CAREFUL)
    plain, bias = measure_of(run, "validation"), run.model.final_norm.bias

    def evaluate():
        return {"validation_loss": math.nan} if run.state.rollbacks == 0 else plain()

    def sample():
        if run.state.step == 15 and run.state.rollbacks == 1:
            bias.assign(np.full(bias.shape, np.inf, "float32"))
        return ""

    with_look(with_look(run, "validation", evaluate), "sample", sample).run()
    reasons = [(x["step"], x["because"]) for x in rollbacks(tmp_path)]
    assert [step for step, _ in reasons] == [3, 12]
    assert reasons[0][1] == "after step 4 the validation_loss is nan."
    assert reasons[1][1].startswith("after step 15 the parameter final_norm.bias holds")
    assert is_finite(tmp_path)


def test_a_signal_while_it_goes_back_is_not_lost(tmp_path):

    diverging = too_fast_at(7)
    diverging(tmp_path / "unbroken").run()

    def interrupt(step, micro_step):
        if (step, micro_step) == (7, 1):
            signal.raise_signal(signal.SIGTERM)

    with pytest.raises(Interrupted):
        diverging(tmp_path / "broken", interrupt).run()
    assert is_finite(tmp_path / "broken")
    diverging(tmp_path / "broken").run()
    assert remains(tmp_path / "broken") == remains(tmp_path / "unbroken")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"on_divergence": "hope"}, "on_divergence must be one of stop, roll_back; got 'hope'"),
        ({"rollback_factor": 1.0}, "rollback_factor must be a number above 0 and below 1; got 1.0"),
        ({"rollback_factor": 0}, "rollback_factor must be a number above 0 and below 1; got 0"),
        ({"max_rollbacks": 0}, "max_rollbacks must be a whole number of at least 1; got 0"),
    ],
)
def test_settings_that_make_no_sense_are_refused(changes, message):
    with pytest.raises(mb.InputError, match=message):
        TrainingSettings(steps=1, batch_size=1, lr=1.0, **changes)

"""Looks: when they are taken, what decides, what fails without harm, and what it leaves."""

import io

import pytest

import minibig as mb
from minibig.nn import Linear
from minibig.pictures import draw_losses
from minibig.storage import StorageError
from minibig.training import Look, Metrics, ProgressLog, Trainer, TrainingSettings, at_most_every

from .tiny_runs import STEPS, remains, trainer


def run_with(folder, looks, steps=6, **settings):
    layer, x = Linear(1, 1), mb.tensor([[1.0]])
    chosen = TrainingSettings(steps=steps, lr=0.1, **settings)
    run = Trainer(
        layer,
        lambda model, x: (model(x) ** 2).mean(),
        lambda number: x,
        chosen,
        folder,
        looks=looks,
    )
    return run


def lines(folder):
    return [x for x in Metrics(folder / "metrics.jsonl").read() if x["step"] and "loss" not in x]


@pytest.mark.parametrize(("every", "steps"), [(2, [2, 4, 6]), (4, [4, 6]), (0, [6]), (9, [6])])
def test_a_look_is_taken_every_so_many_steps_and_at_the_end(tmp_path, every, steps):
    run_with(tmp_path, [Look("accuracy", every, lambda: {"accuracy": 1})]).run()
    assert [x["step"] for x in lines(tmp_path)] == steps


def test_texts_are_recorded_under_the_name_of_the_look_and_nothing_is_not(tmp_path):
    looks = [Look("poem", 6, lambda: "roses"), Look("picture", 6, lambda: None)]
    run_with(tmp_path, looks).run()
    assert lines(tmp_path) == [{"step": 6, "poem": "roses"}]


@pytest.mark.parametrize(("greater", "expected"), [(True, 0.75), (False, 0.25)])
def test_any_number_may_decide_what_is_best(tmp_path, greater, expected):
    shares = iter([0.5, 0.25, 0.75, 0.5, 0.75, 0.5])
    weights = {}

    def measure():
        share = next(shares)
        weights.setdefault(share, run.model.weight.item())
        return {"exact": share, "other": 7}

    look = Look("answers", 1, measure, best="exact", greater_is_better=greater)
    run = run_with(tmp_path, [look])
    result = run.run()
    assert result.best == expected
    assert result.metrics == {"exact": 0.5, "other": 7.0}
    assert run.state.best == expected


def test_a_look_that_decides_and_fails_ends_the_run(tmp_path):
    def fail():
        raise mb.InputError("no text")

    with pytest.raises(mb.InputError, match="no text"):
        run_with(tmp_path, [Look("validation", 2, fail, best="validation_loss")]).run()


@pytest.mark.parametrize("problem", [StorageError, ModuleNotFoundError, ZeroDivisionError])
@pytest.mark.parametrize("name", ["picture", "sample"])
def test_a_picture_or_a_sample_that_fails_stops_no_run(tmp_path, problem, name):
    def fail():
        raise problem("it cannot be made")

    run_with(tmp_path, [Look(name, 3, fail)]).run()
    warning = f"the look {name} failed: it cannot be made"
    assert lines(tmp_path) == [{"step": s, "warning": warning} for s in (3, 6)]


@pytest.mark.parametrize("values", [{"loss": 1.0}, {"step": 3}, {"lr": 0.1}])
def test_a_look_cannot_write_what_the_loop_measures(tmp_path, values):
    look = Look("mine", 1, lambda: values, best=next(iter(values)))
    with pytest.raises(mb.InputError, match=r"which the loop itself measures\. Choose another"):
        run_with(tmp_path, [look]).run()


def test_the_number_that_decides_must_be_there(tmp_path):
    look = Look("mine", 1, lambda: {"accuracy": 1.0}, best="validation_loss")
    with pytest.raises(mb.InputError, match=r"must return validation_loss, .*; got accuracy"):
        run_with(tmp_path, [look]).run()


@pytest.mark.parametrize(
    "values", [0.5, [1.0], {"a": "high"}, {"a": None}, {3: 1.0}, {"a": [1, 2]}]
)
def test_a_look_returns_numbers_by_name_or_a_text(tmp_path, values):
    with pytest.raises(mb.InputError, match=r"what the look mine returns must be|a name must be"):
        run_with(tmp_path, [Look("mine", 1, lambda: values)]).run()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("", 1, dict), "the name of a look must be a text that is not empty"),
        (("loss", 1, dict), "the name of a look must be none of step, loss"),
        (("saving", 1, dict), "the name of a look must be none of .*, steps, data, saving, rest"),
        (("a", -1, dict), "every must be a whole number of at least 0; got -1"),
        (("a", 1, 3), "measure must be a function without arguments; got 3"),
        (("a", 1, dict, 3), "best must be a text"),
        (("a", 1, dict, "x", 1), "greater_is_better must be True or False; got 1"),
    ],
)
def test_wrong_looks_are_told(arguments, message):
    with pytest.raises(mb.InputError, match=message):
        Look(*arguments)


def test_what_is_done_at_most_every_so_many_seconds(monkeypatch):
    now, done = [100.0], []
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    sometimes = at_most_every(10.0, lambda: done.append(now[0]))
    for _ in range(40):
        now[0] += 1
        sometimes()
    assert done == [110.0, 120.0, 130.0, 140.0]


def test_a_picture_drawn_on_the_way_changes_nothing_that_is_learned(tmp_path):
    drawn = []
    for name in ("drawn", "plain"):
        run = trainer(tmp_path / name)
        if name == "drawn":

            def draw(metrics=run.metrics):
                draw_losses(metrics, tmp_path / "loss.png")
                drawn.append((tmp_path / "loss.png").read_bytes())

            run.looks = [*run.looks, Look("picture", 4, draw)]
        run.progress = ProgressLog(io.StringIO())
        run.run()
    assert len(set(drawn)) == STEPS // 4  # another one after each evaluation
    assert remains(tmp_path / "drawn") == remains(tmp_path / "plain")

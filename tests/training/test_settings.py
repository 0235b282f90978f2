"""Settings: each wrong number is told in one sentence, and JSON keeps them as they are."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

import minibig as mb
from minibig.nn import Embedding, Linear, Sequential
from minibig.optim import Adafactor, AdamW, Muon
from minibig.training import OPTIMIZERS, SCHEDULES, TrainingSettings

BASE = {"steps": 10, "batch_size": 4, "lr": 0.1}


@given(
    steps=st.integers(2, 10**6),
    lr=st.floats(1e-6, 1.0),
    schedule=st.sampled_from(SCHEDULES),
    clip=st.none() | st.floats(0.1, 10),
    betas=st.tuples(st.floats(0, 0.99), st.floats(0, 0.99)),
    optimizer=st.sampled_from(OPTIMIZERS),
)
def test_json_gives_back_the_same_settings(steps, lr, schedule, clip, betas, optimizer):
    chosen = {"schedule": schedule, "clip": clip, "betas": betas, "optimizer": optimizer}
    settings = TrainingSettings(steps=steps, batch_size=3, lr=lr, warmup_steps=1, **chosen)
    assert TrainingSettings.of(json.loads(json.dumps(settings.to_json()))) == settings


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("constant", [0.5, 1.0, 1.0, 1.0]),
        ("linear", [0.5, 1.0, 0.7, 0.4]),
        ("cosine", [0.5, 1.0, 0.775, 0.325]),
        ("inverse_square_root", [0.5, 1.0, (2 / 3) ** 0.5, (2 / 4) ** 0.5]),
    ],
)
def test_each_schedule_is_the_one_of_its_name(schedule, expected):
    least = 0.1 if schedule in ("linear", "cosine") else 0.0
    settings = TrainingSettings(
        steps=4, batch_size=1, lr=1.0, warmup_steps=1, schedule=schedule, min_lr=least
    )
    assert [settings.learning_rate(step) for step in range(4)] == pytest.approx(expected)


def test_each_optimizer_is_the_one_of_its_name_with_its_settings():
    model = Sequential(Embedding(5, 4), Linear(4, 3))
    kinds = {"adamw": AdamW, "muon": Muon, "adafactor": Adafactor}
    assert set(kinds) == set(OPTIMIZERS)
    for name, kind in kinds.items():
        chosen = TrainingSettings(**BASE, optimizer=name, weight_decay=0.3, betas=(0.7, 0.8))
        optimizer = chosen.optimizer_for(model)
        assert type(optimizer) is kind and optimizer.lr == 0.1
        assert {id(p) for p in optimizer.parameters} == {id(p) for p in model.parameters()}
        for group in optimizer.groups:
            assert group.settings.get("betas", (0.7, 0.8)) == (0.7, 0.8)
            for p in group.parameters:
                assert group.settings["weight_decay"] == (0.3 if p.ndim == 2 else 0.0)
                orthogonal = p is model[1].weight
                assert group.settings.get("orthogonal", orthogonal) == orthogonal


def test_settings_of_before_there_was_a_choice_are_those_of_adamw():
    settings = TrainingSettings(**BASE).to_json()
    del settings["optimizer"]
    assert TrainingSettings.of(settings).optimizer == "adamw"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"steps": 0}, "steps must be a whole number of at least 1; got 0"),
        ({"steps": 2.0}, "steps must be a whole number of at least 1; got 2.0"),
        ({"batch_size": True}, "batch_size must be a whole number of at least 1; got True"),
        ({"accumulation": -1}, "accumulation must be a whole number of at least 1; got -1"),
        ({"keep_checkpoints": 0}, "keep_checkpoints must be a whole number of at least 1"),
        ({"seed": -1}, "seed must be a whole number of at least 0"),
        ({"evaluate_every": -1}, "evaluate_every must be a whole number of at least 0"),
        ({"lr": 0.0}, "lr must be a number above 0; got 0.0"),
        ({"lr": float("nan")}, "lr must be a number above 0; got nan"),
        ({"lr": "1e-3"}, "lr must be a number above 0; got '1e-3'"),
        ({"min_lr": 0.2}, "min_lr must be at most lr = 0.1; got 0.2"),
        ({"min_lr": 0.01, "schedule": "constant"}, "constant schedule has no min_lr"),
        ({"warmup_steps": 10}, "steps must be more than warmup_steps = 10; got 10"),
        ({"schedule": "cosinus"}, "schedule must be one of constant, .*'cosinus'"),
        ({"optimizer": "adam"}, "optimizer must be one of adamw, muon, .*'adam'"),
        ({"optimizer": None}, "optimizer must be one of"),
        ({"schedule": ["cosine"]}, "schedule must be one of"),
        ({"weight_decay": -0.1}, "weight_decay must be a number of at least 0"),
        ({"betas": 0.9}, "betas must be several values; got 0.9"),
        ({"betas": (0.9, 1.0)}, "betas must be a number of at least 0 and below 1; got 1.0"),
        ({"clip": -1}, "clip must be a number of at least 0; got -1"),
    ],
)
def test_a_wrong_number_is_told_in_one_sentence(changes, message):
    with pytest.raises(mb.InputError, match=message):
        TrainingSettings(**{**BASE, **changes})


def test_unknown_and_missing_names_are_listed():
    with pytest.raises(mb.InputError, match="has no setting 'learning_rate'"):
        TrainingSettings.of({**BASE, "learning_rate": 0.1})


def test_rates_meant_for_another_optimizer_are_changed():
    def rates(settings):
        return [settings.lr, settings.min_lr, settings.weight_decay]

    settings = TrainingSettings(steps=9, batch_size=1, lr=6e-4, min_lr=6e-5, weight_decay=0.1)
    assert rates(settings.for_optimizer("muon")) == [6e-4, 6e-5, 0.1]
    adafactor = settings.for_optimizer("adafactor")
    assert rates(adafactor) == [0.018, 0.0018, 0.00333333333333]
    assert rates(adafactor.for_optimizer("adamw")) == pytest.approx([6e-4, 6e-5, 0.1])
    assert adafactor.for_optimizer("adafactor") == adafactor
    with pytest.raises(mb.InputError, match="optimizer must be one of"):
        settings.for_optimizer("adam")


def test_a_change_of_the_optimizer_changes_the_rates_that_are_not_named():
    settings = TrainingSettings(steps=9, batch_size=1, lr=1e-3, min_lr=1e-4)
    changed = settings.changed({"optimizer": "adafactor", "lr": 0.5})
    assert (changed.lr, changed.min_lr) == (0.5, 0.003)
    assert TrainingSettings.of(changed.to_json()) == changed
    assert settings.changed(changed.to_json()) == changed

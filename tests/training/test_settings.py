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
    assert TrainingSettings.from_json(json.loads(json.dumps(settings.to_json()))) == settings


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
    assert TrainingSettings.from_json(settings).optimizer == "adamw"


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"steps": 0}, ValueError, "steps must be 1 or more; got 0"),
        ({"steps": 2.0}, TypeError, "steps must be a whole number; got 2.0"),
        ({"batch_size": True}, TypeError, "batch_size must be a whole number; got True"),
        ({"accumulation": -1}, ValueError, "accumulation must be 1 or more; got -1"),
        ({"keep_checkpoints": 0}, ValueError, "keep_checkpoints must be 1 or more"),
        ({"seed": -1}, ValueError, "seed must be 0 or more"),
        ({"evaluate_every": -1}, ValueError, "evaluate_every must be 0 or more"),
        ({"lr": 0.0}, ValueError, "lr must be above 0; got 0.0"),
        ({"lr": float("nan")}, ValueError, "lr must be finite; got nan"),
        ({"lr": "1e-3"}, TypeError, "lr must be a number; got '1e-3'"),
        ({"min_lr": 0.2}, ValueError, "min_lr must be at most lr = 0.1; got 0.2"),
        ({"min_lr": 0.01, "schedule": "constant"}, ValueError, "constant schedule has no min_lr"),
        ({"warmup_steps": 10}, ValueError, "steps must be more than warmup_steps = 10; got 10"),
        ({"schedule": "cosinus"}, ValueError, "schedule must be one of constant, .*'cosinus'"),
        ({"optimizer": "adam"}, ValueError, "optimizer must be one of adamw, muon, .*'adam'"),
        ({"optimizer": None}, ValueError, "optimizer must be one of"),
        ({"schedule": ["cosine"]}, ValueError, "schedule must be one of"),
        ({"weight_decay": -0.1}, ValueError, "weight_decay must be 0 or more"),
        ({"betas": 0.9}, TypeError, "betas must be a pair of numbers; got 0.9"),
        ({"betas": (0.9, 1.0)}, ValueError, r"betas must lie in \[0, 1\)"),
        ({"clip": 0}, ValueError, "clip must be above 0, or None for no clipping; got 0"),
    ],
)
def test_a_wrong_number_is_told_in_one_sentence(changes, error, message):
    with pytest.raises(error, match=message) as told:
        TrainingSettings(**{**BASE, **changes})
    assert error is TypeError or isinstance(told.value, mb.InputError)


def test_unknown_and_missing_names_are_listed():
    with pytest.raises(mb.InputError, match="missing: batch_size, lr; unknown: learning_rate"):
        TrainingSettings.from_json({"steps": 1, "learning_rate": 0.1})
    with pytest.raises(TypeError, match="settings must be a dictionary; got list"):
        TrainingSettings.from_json([1])

"""The loop: what a step is, what a run leaves, and that stopping it anywhere changes nothing."""

import contextlib
import math
import shutil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minibig as mb
from minibig.data import Batches
from minibig.models import GPT, GPTConfig
from minibig.nn import Linear
from minibig.objectives import next_token_loss
from minibig.optim import AdamW, clip_gradients, decay_groups
from minibig.storage import list_checkpoints, load
from minibig.training import (
    OPTIMIZERS,
    Look,
    Metrics,
    Result,
    Trainer,
    TrainingError,
    TrainingSettings,
)

from . import tiny_runs
from .tiny_runs import SETTINGS, STEPS, T, V, gpt, remains, stale_files, tokens, trainer, with_look


class Crash(Exception):
    """Stands for whatever ends a process."""


def crash_at(step, micro_step):
    def loss(s, m, value):
        if (s, m) == (step, micro_step):
            raise Crash
        return value

    return loss


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    """What is left of a run that nothing stopped."""
    folder = tmp_path_factory.mktemp("unbroken")
    trainer(folder).run()
    return remains(folder)


places = st.tuples(st.integers(0, STEPS - 1), st.integers(0, 1))


@pytest.mark.slow
@settings(max_examples=12)
@given(crashes=st.lists(places, min_size=1, max_size=3), every=st.sampled_from([0, 1, 3, 7]))
def test_a_run_that_crashed_anywhere_any_number_of_times_arrives_at_the_same_bits(
    tmp_path_factory, unbroken, crashes, every
):
    folder = tmp_path_factory.mktemp("crashed")
    for seed, place in enumerate(crashes):  # later parts begin with other weights and other luck
        with contextlib.suppress(Crash):  # a later part may begin beyond the place
            trainer(folder, loss=crash_at(*place), seed=seed, checkpoint_every=every).run()
    trainer(folder, seed=99).run()
    assert remains(folder) == unbroken
    assert not stale_files(folder)


@pytest.fixture(scope="module")
def unbroken_by(tmp_path_factory, unbroken):
    """The same by each optimizer."""
    found = {"adamw": unbroken}
    for optimizer in ("muon", "adafactor"):
        folder = tmp_path_factory.mktemp(optimizer)
        trainer(folder, optimizer=optimizer).run()
        found[optimizer] = remains(folder)
    return found


@pytest.mark.slow
@settings(max_examples=5)
@given(crashes=st.lists(places, min_size=1, max_size=3), every=st.sampled_from([1, 3, 7]))
@pytest.mark.parametrize("optimizer", ["muon", "adafactor"])
def test_so_it_is_with_each_optimizer(tmp_path_factory, unbroken_by, optimizer, crashes, every):
    folder = tmp_path_factory.mktemp("crashed")
    for seed, place in enumerate(crashes):
        with contextlib.suppress(Crash):
            trainer(
                folder,
                loss=crash_at(*place),
                seed=seed,
                checkpoint_every=every,
                optimizer=optimizer,
            ).run()
    trainer(folder, seed=99, optimizer=optimizer).run()
    assert remains(folder) == unbroken_by[optimizer]


def test_each_optimizer_makes_another_run(unbroken_by):
    assert set(unbroken_by) == set(OPTIMIZERS)
    assert len({found["model"] for found in unbroken_by.values()}) == 3


def test_the_same_trainer_may_try_again(tmp_path, unbroken):
    places = {(2, 1), (11, 0)}

    def loss(step, micro_step, value):
        if (step, micro_step) in places:
            places.remove((step, micro_step))
            raise Crash
        return value

    run = trainer(tmp_path, loss=loss)
    for _ in range(2):
        with pytest.raises(Crash):
            run.run()
    run.run()
    assert remains(tmp_path) == unbroken


def test_a_finished_run_is_left_as_it_is(tmp_path, unbroken):
    first = trainer(tmp_path).run()
    run = trainer(tmp_path, loss=crash_at(0, 0), seed=3)
    second = run.run()
    assert remains(tmp_path) == unbroken
    assert second.steps == STEPS and second.tokens_per_second == 0
    assert (second.loss, second.validation_loss) == (first.loss, first.validation_loss)
    trained = load(tmp_path / "model").state_dict()
    for name, x in run.model.state_dict().items():
        np.testing.assert_array_equal(x.numpy(), trained[name].numpy())


def test_another_seed_gives_another_run(tmp_path, unbroken):
    trainer(tmp_path, seed=1).run()
    assert remains(tmp_path)["arrays"] != unbroken["arrays"]
    trainer(tmp_path / "masks", **{"seed": 0}).run()
    assert remains(tmp_path / "masks") == unbroken


def test_a_step_is_what_it_says(tmp_path):
    """Three steps with accumulation, clipping and a schedule, written out."""
    trainer(tmp_path / "run", dropout=0.0, steps=3, warmup_steps=1, clip=0.5).run()
    model = gpt(dropout=0.0)
    chosen = TrainingSettings(steps=3, batch_size=2, lr=1e-2, warmup_steps=1)
    optimizer = AdamW(decay_groups(model, 0.1), betas=chosen.betas)
    batches = Batches(tokens(), batch_size=2, context_length=T, seed=1)
    lines = [x for x in Metrics(tmp_path / "run" / "metrics.jsonl").read() if "lr" in x]
    for step in range(3):
        losses = []
        for number in (2 * step, 2 * step + 1):
            batch = batches.batch(number)
            losses.append(mb.cross_entropy(model(batch.inputs), mb.tensor(batch.targets)))
        (0.5 * losses[0] + 0.5 * losses[1]).backward()
        norm = clip_gradients(model.parameters(), 0.5)
        optimizer.lr = chosen.learning_rate(step)
        optimizer.step()
        optimizer.zero_grad()
        assert lines[step]["loss"] == pytest.approx(sum(x.item() for x in losses) / 2, rel=1e-6)
        assert lines[step]["gradient_norm"] == pytest.approx(norm, rel=1e-4)
        assert lines[step]["lr"] == optimizer.lr
    trained = load(tmp_path / "run" / "model").state_dict()
    for name, x in model.state_dict().items():
        np.testing.assert_allclose(x.numpy(), trained[name].numpy(), atol=1e-5)


def test_two_batches_of_four_are_one_of_eight(tmp_path):
    small = {"batch_size": 4, "accumulation": 2, "dropout": 0.0, "clip": None}
    large = {"batch_size": 8, "accumulation": 1, "dropout": 0.0, "clip": None}
    for name, sizes in (("small", small), ("large", large)):
        trainer(tmp_path / name, steps=5, **sizes).run()
    lines = [Metrics(tmp_path / name / "metrics.jsonl").read() for name in ("small", "large")]
    for one, two in zip(*lines, strict=True):
        for measured in {"loss", "gradient_norm", "validation_loss"} & one.keys():
            assert one[measured] == pytest.approx(two[measured], rel=1e-4)
    models = [load(tmp_path / name / "model").state_dict() for name in ("small", "large")]
    for name, x in models[0].items():
        np.testing.assert_allclose(x.numpy(), models[1][name].numpy(), atol=1e-4)


def test_dropout_falls_differently_on_each_example_step_and_micro_step(tmp_path):
    model = gpt(dropout=0.5)
    batches = Batches(tokens(T + 1), batch_size=1, context_length=T, seed=0)  # always the same text
    seen = []

    def loss(model, batch):
        value = next_token_loss(model, batch)
        seen.append(value.item())
        return value * 0.0

    chosen = TrainingSettings(
        steps=4, batch_size=1, accumulation=2, lr=1e-9, weight_decay=0.0, clip=None
    )
    Trainer(model, loss, batches, chosen, tmp_path).run()
    assert len(set(seen)) == 8


def test_one_batch_is_learned_by_heart(tmp_path):
    model = gpt(dropout=0.0)
    batches = Batches(tokens(2 * T + 1), batch_size=2, context_length=T, seed=0)
    batch = batches.batch(0)
    chosen = TrainingSettings(steps=250, batch_size=2, lr=1e-2, weight_decay=0.0)

    run = Trainer(model, next_token_loss, lambda number: batch, chosen, tmp_path)
    run.expected_initial_loss = math.log(V)
    result = run.run()
    lines = Metrics(tmp_path / "metrics.jsonl").read()
    assert lines[0]["loss"] == pytest.approx(math.log(V), rel=0.02)
    assert result.loss < 0.05
    assert not any("warning" in line for line in lines)


def test_a_first_loss_that_no_fresh_model_has_is_warned_of(tmp_path):
    run = trainer(tmp_path, steps=5)
    run.expected_initial_loss = 2 * math.log(V)
    run.run()
    warnings = [x for x in Metrics(tmp_path / "metrics.jsonl").read() if "warning" in x]
    assert [x["step"] for x in warnings] == [1]
    assert "2.7" in warnings[0]["warning"] and "5.545 was expected" in warnings[0]["warning"]


def test_the_metrics_hold_every_step_every_evaluation_and_every_sample(tmp_path):
    result = trainer(tmp_path).run()
    lines = Metrics(tmp_path / "metrics.jsonl").read()
    steps = [x for x in lines if "loss" in x]
    keys = ["step", "loss", "lr", "gradient_norm", "tokens_per_second", "seconds"]
    assert [x["step"] for x in steps] == list(range(1, STEPS + 1))
    assert all(list(x) == keys for x in steps)
    assert [x["seconds"] for x in steps] == sorted(x["seconds"] for x in steps)
    assert [x["step"] for x in lines if "validation_loss" in x] == [4, 8, 12, 16, 20]
    assert [x["step"] for x in lines if "sample" in x] == [5, 10, 15, 20]
    validation = [x["validation_loss"] for x in lines if "validation_loss" in x]
    assert result.best == min(validation)
    assert (result.validation_loss, result.loss) == (validation[-1], steps[-1]["loss"])
    assert isinstance(result, Result) and result.tokens_per_second > 0 and result.seconds > 0


def test_the_best_model_is_the_one_with_the_lowest_validation_loss(tmp_path):
    losses = iter([3.0, 1.0, 2.0, 1.5, 1.0])
    run = trainer(tmp_path)
    weights = []

    def evaluate():
        weights.append(run.model.final_norm.weight.numpy().copy())
        return {"validation_loss": next(losses), "accuracy": 0.5}

    with_look(run, "validation", evaluate)
    assert run.run().best == 1.0
    best = load(tmp_path / "best").final_norm.weight.numpy()
    np.testing.assert_array_equal(best, weights[1])
    assert not np.array_equal(best, weights[4])


def test_the_last_checkpoints_are_kept_and_the_model_is_that_of_the_last(tmp_path):
    run = trainer(tmp_path, keep_checkpoints=3, checkpoint_every=6)
    run.run()
    names = [path.name for path in list_checkpoints(tmp_path / "checkpoints")]
    assert names == ["step-00000012", "step-00000018", "step-00000020"]
    saved = load(tmp_path / "model")
    np.testing.assert_array_equal(saved([[1, 2]]).numpy(), run.model([[1, 2]]).numpy())
    assert not run.model.training


class Regression(Linear):
    """It does not keep what it was made from, so its folder alone does not describe it."""

    def __init__(self, n_inputs):
        super().__init__(n_inputs, 1)


def test_any_module_trains_on_anything_that_is_numbered(tmp_path):
    layer, x = Regression(2), mb.tensor([[1.0, 2.0], [2.0, 1.0]])
    chosen = TrainingSettings(steps=3, lr=0.1)
    look = Look("accuracy", 1, lambda: {"accuracy": 0.5})
    run = Trainer(
        layer,
        lambda model, x: (model(x) ** 2).mean(),
        lambda number: x,
        chosen,
        tmp_path,
        looks=[look],
    )
    result = run.run()
    assert (result.validation_loss, result.metrics) == (None, {"accuracy": 0.5})
    warning, first, second, *_ = Metrics(tmp_path / "metrics.jsonl").read()
    assert "cannot be rebuilt from its folder" in warning["warning"] and warning["step"] == 0
    assert "tokens_per_second" not in first and second == {"step": 1, "accuracy": 0.5}
    other = Linear(2, 1)
    other.load_state_dict(mb.storage.load_tensors(tmp_path / "model" / "model.safetensors"))
    np.testing.assert_array_equal(other.weight.numpy(), layer.weight.numpy())


def test_it_trains_on_every_device(tmp_path, device):
    model = gpt(dropout=0.2).to(device)
    batches = Batches(tokens(), batch_size=2, context_length=T, seed=1)
    chosen = TrainingSettings(steps=4, batch_size=2, lr=1e-2, checkpoint_every=2)
    losses = []
    for seed in (0, 1):  # the second goes on from the first
        losses.append(Trainer(model, next_token_loss, batches, chosen, tmp_path).run().loss)
        model = gpt(dropout=0.2, seed=seed + 1).to(device)
    assert losses[0] == losses[1] and math.isfinite(losses[0])


def test_settings_that_shape_the_weights_cannot_change_on_the_way(tmp_path):
    trainer(tmp_path).run()
    with pytest.raises(mb.InputError, match=r"began with steps = 20, lr = 0\.01; got steps = 30,"):
        trainer(tmp_path, steps=30, lr=0.02).run()
    with pytest.raises(mb.InputError, match="began with optimizer = adamw; got optimizer = muon"):
        trainer(tmp_path, optimizer="muon").run()
    trainer(tmp_path, keep_checkpoints=1, sample_every=1, evaluate_every=0).run()


def test_a_checkpoint_of_another_model_is_refused(tmp_path):
    trainer(tmp_path).run()
    run = trainer(tmp_path)
    model = GPT(GPTConfig(V, T, n_layers=1, n_heads=1, d_model=4))
    other = Trainer(model, next_token_loss, run.update.batch, run.settings, tmp_path)
    before = model.state_dict()["final_norm.weight"].numpy().copy()
    with pytest.raises(mb.InputError, match="another model: the state does not fit GPT"):
        other.run()
    np.testing.assert_array_equal(model.final_norm.weight.numpy(), before)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": "gpt"}, "model must be of type Module; got str"),
        ({"settings": SETTINGS}, "settings must be of type TrainingSettings; got dict"),
        ({"loss": 3}, "loss must be a function of model and batch; got 3"),
        ({"batches": [1, 2]}, r"batches must be an object with a method batch\(number\), or"),
        ({"looks": [print]}, "looks must be a list of Look; got <built-in"),
        ({"looks": [Look("a", 1, dict), Look("a", 2, dict)]}, "names that differ; got a, a"),
        ({"looks": [Look("a", 1, dict, "x"), Look("b", 2, dict, "y")]}, "only one look may decide"),
    ],
)
def test_wrong_uses_are_told_at_once(tmp_path, changes, message):
    right = {
        "model": gpt(),
        "loss": next_token_loss,
        "batches": lambda number: None,
        "settings": TrainingSettings(**SETTINGS),
    }
    with pytest.raises(mb.InputError, match=message):
        Trainer(**{**right, **changes}, folder=tmp_path)


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (lambda value: 1.0, "loss must return a scalar tensor; got float"),
        (lambda value: None, "loss must return a scalar tensor; got NoneType"),
        (lambda value: value + mb.ones((2,)), r"got shape \(2,\)\. Take a mean"),
    ],
)
def test_a_loss_that_is_no_scalar_is_told(tmp_path, loss, message):
    with pytest.raises(mb.InputError, match=message):
        trainer(tmp_path, loss=lambda step, micro_step, value: loss(value)).run()


def test_the_folder_may_not_be_a_file(tmp_path):
    (tmp_path / "run").write_text("a file")
    with pytest.raises(mb.InputError, match="run cannot be written"):
        trainer(tmp_path / "run").run()


@pytest.mark.parametrize("name", ["checkpoints", "model"])
def test_a_file_in_the_way_is_found_before_the_first_step(tmp_path, name):
    (tmp_path / name).write_text("a file")
    with pytest.raises(mb.InputError, match=name):
        trainer(tmp_path, loss=crash_at(0, 0)).run()
    assert (tmp_path / name).read_text() == "a file"


def test_a_folder_in_the_way_of_the_metrics_is_told(tmp_path):
    (tmp_path / "metrics.jsonl").mkdir()
    with pytest.raises(mb.InputError, match=r"metrics\.jsonl is not a regular file"):
        trainer(tmp_path).run()


def test_a_folder_that_vanishes_stops_the_run(tmp_path):
    def loss(step, micro_step, value):
        if (step, micro_step) == (4, 0):
            shutil.rmtree(tmp_path / "run")
        return value

    with pytest.raises(mb.InputError, match="There is no checkpoint beside it"):
        trainer(tmp_path / "run", loss=loss).run()


def test_a_damaged_checkpoint_is_never_trained_on(tmp_path):
    trainer(tmp_path, steps=4, checkpoint_every=2).run()
    path = list_checkpoints(tmp_path / "checkpoints")[-1] / "tensors.safetensors"
    data = bytearray(path.read_bytes())
    data[-5] ^= 1
    path.write_bytes(data)
    with pytest.raises(mb.InputError, match="is damaged"):
        trainer(tmp_path, steps=4, checkpoint_every=2).run()


def test_nobody_learns_from_a_run_that_went_wrong_in_its_evaluation(tmp_path):
    run = with_look(trainer(tmp_path), "validation", lambda: {"validation_loss": math.nan})
    with pytest.raises(TrainingError, match="after step 4 the validation_loss is nan"):
        run.run()
    assert tiny_runs.is_finite(tmp_path)

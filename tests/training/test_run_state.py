"""Saving a run and finding it again: everything comes back, and foreign folders are refused."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

import minibig as mb
from minibig.backend import InputError, random_state, stream
from minibig.nn import Linear
from minibig.storage import StorageError, list_checkpoints, load_checkpoint, save_checkpoint
from minibig.training import GradientUpdate, Look, Trainer, TrainingSettings, computed_by
from minibig.training.computation import FORMULAS, NUMPY
from minibig.training.run_state import RunState, resume_run, save_run

from .tiny_runs import trainer

VERSION_1 = Path(__file__).parent / "version_1"  # written by the first version of the format
SETTINGS = TrainingSettings(steps=10, batch_size=1, lr=0.1)


def update_of(layer, settings=SETTINGS):
    return GradientUpdate(
        layer, lambda model, x: (model(x) ** 2).sum(), lambda number: mb.ones((1, 3)), settings
    )


def trained(seed):
    mb.manual_seed(seed)
    layer = Linear(3, 2)
    update = update_of(layer)
    for step in range(seed + 1):
        update(step)
    return layer, update


def test_everything_comes_back(tmp_path):
    layer, update = trained(0)
    stream("sampling").random(3)
    state = RunState(7, 4, 9, 1.5, 0.25, {"accuracy": 0.5}, 0.125, spent={"steps": 1.25})
    save_run(tmp_path, layer, update, state, SETTINGS)
    streams, expected = random_state(), update.state()
    other, its_update = trained(1)
    assert resume_run(tmp_path, other, its_update, SETTINGS) == (state, [])
    assert random_state() == streams
    np.testing.assert_array_equal(other.weight.numpy(), layer.weight.numpy())
    found = its_update.state()
    for name, array in expected.pop("arrays").items():
        np.testing.assert_array_equal(found["arrays"][name], array)
    found.pop("arrays")
    assert found == expected


def test_a_new_run_seeds_the_streams_with_its_own_seed(tmp_path):
    layer, update = trained(0)
    settings = TrainingSettings(steps=10, batch_size=1, lr=0.1, seed=42)
    assert resume_run(tmp_path / "none", layer, update, settings) == (None, [])
    assert random_state() == {"seed": 42, "streams": {}}


def test_the_first_checkpoint_is_found_without_its_pointer(tmp_path):
    layer, update = trained(0)
    save_run(tmp_path, layer, update, RunState(step=3), SETTINGS)
    (tmp_path / "latest.json").unlink()
    assert resume_run(tmp_path, layer, update, SETTINGS) == (RunState(step=3), [])
    shutil.rmtree(list_checkpoints(tmp_path)[0])
    assert resume_run(tmp_path, layer, update, SETTINGS) == (None, [])


def test_what_does_not_belong_together_is_refused(tmp_path):
    layer, update = trained(0)
    save_run(tmp_path / "run" / "checkpoints", layer, update, RunState(), SETTINGS)
    other = Linear(4, 2)
    with pytest.raises(mb.InputError, match=r"another model: the state does not fit Linear\. wron"):
        resume_run(tmp_path / "run" / "checkpoints", other, update_of(other), SETTINGS)
    longer = TrainingSettings(steps=11, batch_size=1, lr=0.1)
    with pytest.raises(mb.InputError, match=r"run began with steps = 10; got steps = 11\. Go on"):
        resume_run(tmp_path / "run" / "checkpoints", layer, update, longer)
    save_checkpoint(tmp_path / "strange", {}, {"step": 0})
    with pytest.raises(StorageError, match="is no checkpoint of a run: it has no random"):
        resume_run(tmp_path / "strange", layer, update, SETTINGS)


def old_run(folder, steps=6):
    """The run that version 1 was stopped in after step 4, as a trainer of today."""
    layer, x = Linear(2, 1), mb.tensor([[1.0, 2.0], [2.0, 1.0]])
    settings = TrainingSettings(
        steps=steps,
        batch_size=2,
        lr=0.1,
        betas=(0.9, 0.95),
        warmup_steps=0,
        checkpoint_every=1,
        keep_checkpoints=1,
    )
    look = Look("validation", 2, lambda: {"validation_loss": 0.25}, best="validation_loss")
    return Trainer(
        layer,
        lambda model, x: ((model(x) - 1) ** 2).mean(),
        lambda number: x,
        settings,
        folder,
        looks=[look],
    )


@pytest.mark.filterwarnings("ignore:The Linear in .* cannot be rebuilt")
def test_a_run_of_version_1_goes_on(tmp_path):
    shutil.copytree(VERSION_1, tmp_path / "run")
    run = old_run(tmp_path / "run")
    assert run.run().steps == 6
    assert (run.state.rollbacks, run.state.best) == (0, 0.25)
    unbroken = old_run(tmp_path / "unbroken")
    unbroken.run()
    for name, x in unbroken.model.state_dict().items():
        np.testing.assert_allclose(run.model.state_dict()[name].numpy(), x.numpy(), rtol=1e-5)
    lines = [x["step"] for x in run.metrics.read() if "loss" in x]
    assert lines == [1, 2, 3, 4, 5, 6]


def test_a_run_of_version_1_keeps_its_settings(tmp_path):
    shutil.copytree(VERSION_1, tmp_path / "run")
    with pytest.raises(mb.InputError, match=r"began with steps = 6; got steps = 7\."):
        old_run(tmp_path / "run", steps=7).run()


def test_what_a_later_version_counts_is_not_lost_in_silence(tmp_path):
    layer, update = trained(0)
    save_run(tmp_path, layer, update, RunState(step=3), SETTINGS)
    arrays, state = load_checkpoint(tmp_path)
    state["run"]["epochs_skipped"] = 1
    save_checkpoint(tmp_path, arrays, state)
    with pytest.raises(StorageError, match="holds epochs_skipped, which this minibig does not kno"):
        resume_run(tmp_path, layer, update, SETTINGS)


def finished(folder, steps):
    layer, x = Linear(2, 1), mb.tensor([[1.0, 2.0], [2.0, 1.0]])
    settings = TrainingSettings(steps=steps, lr=0.1, min_lr=0.01, warmup_steps=0)
    loss = lambda model, x: ((model(x) - 1) ** 2).mean()
    run = Trainer(layer, loss, lambda number: x, settings, folder)
    return run, run.run()


def warnings_of(run):
    return [x["warning"] for x in run.metrics.read() if "warning" in x and x["step"]]


def test_a_finished_run_goes_on_with_more_steps_and_says_what_its_schedule_does(tmp_path):
    finished(tmp_path, 10)
    run, result = finished(tmp_path, 15)
    assert result.steps == 15
    lines = [x for x in run.metrics.read() if "loss" in x]
    assert [x["step"] for x in lines] == list(range(1, 16))
    assert lines[10]["lr"] == run.settings.learning_rate(10) > lines[9]["lr"]
    [warning] = warnings_of(run)
    assert warning == (
        "this run was finished at step 10 and goes on to step 15: its learning rate ended at "
        f"{lines[9]['lr']:.1e} and goes on from {lines[10]['lr']:.1e}, as the schedule of 15 steps "
        "has it."
    )
    again, _ = finished(tmp_path, 15)
    assert warnings_of(again) == [warning]
    with pytest.raises(mb.InputError, match=r"began with steps = 15; got steps = 12"):
        finished(tmp_path, 12)


def test_a_run_that_goes_on_without_the_kernels_it_began_with_says_so(tmp_path):
    finished(tmp_path, 10)
    with mb.reference():
        run, _ = finished(tmp_path, 12)
    by = computed_by(mb.nn.Linear(1, 1))
    assert any(
        f"was computed by {by}, and now it goes on by formulas alone" in x for x in warnings_of(run)
    )
    finished(tmp_path, 13)
    [_, _, _, last] = warnings_of(run)
    assert (
        f"up to step 12 this run was computed by formulas alone, and now it goes on by {by}" in last
    )


@pytest.mark.parametrize(("before", "said"), [(True, NUMPY), (False, FORMULAS)])
def test_checkpoints_of_older_versions_know_kernels_or_none(tmp_path, before, said):
    layer, update = changed_state(tmp_path, kernels=before)
    state, notes = resume_run(tmp_path, layer, update, SETTINGS)
    assert state.kernels == said
    assert len(notes) == (said != computed_by(layer))


def changed_state(folder, **changes):
    layer, update = trained(0)
    save_run(folder, layer, update, RunState(step=3), SETTINGS)
    arrays, state = load_checkpoint(folder)
    for name, value in changes.items():
        state["run"][name] = value
    save_checkpoint(folder, arrays, state)
    return layer, update


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"step": "3"}, "run.step must be a whole number"),
        ({"step": 10**18}, "run.step must be a whole number"),
        ({"step": -1}, "run.step must be a whole number"),
        ({"step": 2.5}, "run.step must be a whole number"),
        ({"step": 5}, "its steps contradict each other"),
        ({"looked_at": 9}, "its steps contradict each other"),
        ({"metrics_lines": None}, "run.metrics_lines must be a whole number"),
        ({"seconds": "long"}, "run.seconds must be a number"),
        ({"measured": [1]}, "run.measured must be an object"),
        ({"measured": {"a": "b"}}, "run.measured.a must be a number"),
        ({"lr_factor": True}, "run.lr_factor must be a number"),
        ({"kernels": 1}, "run.kernels must be a text or null"),
        ({"spent": {"steps": "long"}}, "run.spent.steps must be a number"),
    ],
)
def test_a_state_of_other_types_is_refused(tmp_path, changes, message):
    layer, update = changed_state(tmp_path, **changes)
    with pytest.raises(StorageError, match=message):
        resume_run(tmp_path, layer, update, SETTINGS)


@pytest.mark.parametrize("name", ["run", "settings", "update", "random"])
@pytest.mark.parametrize("value", [3, None, "text", []])
def test_parts_of_other_types_are_refused(tmp_path, name, value):
    layer, update = trained(0)
    save_run(tmp_path, layer, update, RunState(step=3), SETTINGS)
    arrays, state = load_checkpoint(tmp_path)
    save_checkpoint(tmp_path, arrays, {**state, name: value})
    with pytest.raises(mb.InputError, match=f"{name} must be an object"):
        resume_run(tmp_path, layer, update, SETTINGS)


def test_a_step_beyond_the_last_is_refused(tmp_path):
    layer, update = trained(0)
    save_run(tmp_path, layer, update, RunState(step=11), SETTINGS)
    with pytest.raises(StorageError, match="step 11 lies beyond 10 steps"):
        resume_run(tmp_path, layer, update, SETTINGS)


def test_one_process_a_run_folder(tmp_path):
    def loss(step, micro_step, value):
        with pytest.raises(StorageError, match=r"another thread of this process works in"):
            in_another_thread(lambda: trainer(tmp_path).run())
        seen.append(step)
        return value

    seen = []
    trainer(tmp_path, loss=loss, steps=4).run()
    assert set(seen) == set(range(4))


def in_another_thread(work):
    with ThreadPoolExecutor(1) as pool:
        pool.submit(work).result()


@pytest.mark.parametrize("steps", [30, 700])
def test_a_warm_up_that_was_said_is_the_same_as_the_default(tmp_path, steps):
    layer, update = trained(0)
    said = TrainingSettings(steps=steps, warmup_steps=TrainingSettings(steps=steps).warmup)
    save_run(tmp_path, layer, update, RunState(step=3), said)
    assert resume_run(tmp_path, layer, update, TrainingSettings(steps=steps))[1] == []
    other = TrainingSettings(steps=steps, warmup_steps=1)
    with pytest.raises(mb.InputError, match="began with warmup_steps = "):
        resume_run(tmp_path, layer, update, other)


class NoisyUpdate(GradientUpdate):
    own_settings: ClassVar = {"noise": 0.5}

    def clipped_gradient(self, step, batches):
        loss = self.mean_gradient(step, batches)
        for p in self.model.parameters():
            p.grad = p.grad * 0 + 3.0
        return loss, 7.0


def noisy(layer, settings=SETTINGS):
    return NoisyUpdate(
        layer, lambda model, x: (model(x) ** 2).sum(), lambda number: mb.ones((1, 3)), settings
    )


def test_an_update_with_another_gradient_is_not_clipped_again():
    settings = TrainingSettings(steps=10, batch_size=1, lr=0.1, clip=1e-6)
    update = noisy(Linear(3, 2), settings)
    values = update(0)
    mean = update.optimizer.state_dict()["arrays"]["m.weight"]
    np.testing.assert_allclose(mean, np.full((3, 2), 0.3), rtol=1e-5)  # (1 − β₁)·3
    assert values["gradient_norm"] == 7.0


def test_a_run_goes_on_with_the_update_that_it_began_with_only(tmp_path, monkeypatch):
    layer, ordinary = trained(0)
    update = noisy(layer)
    update(0)
    save_run(tmp_path, layer, update, RunState(step=3), SETTINGS)
    began = "began with the update NoisyUpdate {'noise': 0.5}"
    with pytest.raises(InputError, match=f"{began}; got GradientUpdate {{}}"):
        resume_run(tmp_path, layer, ordinary, SETTINGS)
    assert resume_run(tmp_path, layer, update, SETTINGS)[0].step == 3
    monkeypatch.setattr(NoisyUpdate, "own_settings", {"noise": 0.1})
    with pytest.raises(InputError, match=f"{began}; got NoisyUpdate {{'noise': 0.1}}"):
        resume_run(tmp_path, layer, update, SETTINGS)
    save_run(tmp_path / "other", layer, ordinary, RunState(step=3), SETTINGS)
    with pytest.raises(InputError, match="began with the update GradientUpdate"):
        resume_run(tmp_path / "other", layer, update, SETTINGS)

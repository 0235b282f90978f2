"""Saving a run and finding it again: everything comes back, and foreign folders are refused."""

import shutil
from pathlib import Path

import numpy as np
import pytest

import minibig as mb
from minibig.backend import random_state, stream
from minibig.nn import Linear
from minibig.storage import StorageError, list_checkpoints, load_checkpoint, save_checkpoint
from minibig.training import GradientUpdate, Look, Trainer, TrainingSettings
from minibig.training.run_state import RunState, resume_run, save_run

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
    state = RunState(7, 4, 9, 1.5, 0.25, {"accuracy": 0.5}, 0.125)
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

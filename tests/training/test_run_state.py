"""Saving a run and finding it again: everything comes back, and foreign folders are refused."""

import shutil

import numpy as np
import pytest

import minibig as mb
from minibig.backend import random_state, stream
from minibig.nn import Linear
from minibig.optim import AdamW
from minibig.storage import StorageError, has_format, list_checkpoints, save_checkpoint
from minibig.training import TrainingSettings
from minibig.training.run_state import RunState, resume_run, save_run

from .tiny_runs import gpt

SETTINGS = TrainingSettings(steps=10, batch_size=1, lr=0.1)


def trained(seed):
    mb.manual_seed(seed)
    layer = Linear(3, 2)
    optimizer = AdamW(layer.parameters(), lr=0.1)
    for _ in range(seed + 1):
        (layer(mb.ones((1, 3))) ** 2).sum().backward()
        optimizer.step()
        optimizer.zero_grad()
    return layer, optimizer


def test_everything_comes_back(tmp_path):
    layer, optimizer = trained(0)
    stream("sampling").random(3)
    state = RunState(7, 4, 9, 1.5, 0.25, None, 0.125)
    save_run(tmp_path, layer, optimizer, state, SETTINGS)
    streams, expected = random_state(), optimizer.state_dict()
    other, its_optimizer = trained(1)
    assert resume_run(tmp_path, other, its_optimizer, SETTINGS) == state
    assert random_state() == streams
    np.testing.assert_array_equal(other.weight.numpy(), layer.weight.numpy())
    found = its_optimizer.state_dict()
    for name, array in expected.pop("arrays").items():
        np.testing.assert_array_equal(found["arrays"][name], array)
    found.pop("arrays")
    assert found == expected


def test_a_new_run_seeds_the_streams_with_its_own_seed(tmp_path):
    layer, optimizer = trained(0)
    settings = TrainingSettings(steps=10, batch_size=1, lr=0.1, seed=42)
    assert resume_run(tmp_path / "none", layer, optimizer, settings) is None
    assert random_state() == {"seed": 42, "streams": {}}


def test_the_first_checkpoint_is_found_without_its_pointer(tmp_path):
    layer, optimizer = trained(0)
    save_run(tmp_path, layer, optimizer, RunState(step=3), SETTINGS)
    (tmp_path / "latest.json").unlink()
    assert resume_run(tmp_path, layer, optimizer, SETTINGS) == RunState(step=3)
    shutil.rmtree(list_checkpoints(tmp_path)[0])
    assert resume_run(tmp_path, layer, optimizer, SETTINGS) is None


def test_what_does_not_belong_together_is_refused(tmp_path):
    layer, optimizer = trained(0)
    save_run(tmp_path / "run" / "checkpoints", layer, optimizer, RunState(), SETTINGS)
    other = Linear(4, 2)
    with pytest.raises(mb.InputError, match=r"another model: the state does not fit Linear\. wron"):
        resume_run(
            tmp_path / "run" / "checkpoints", other, AdamW(other.parameters(), lr=0.1), SETTINGS
        )
    longer = TrainingSettings(steps=11, batch_size=1, lr=0.1)
    with pytest.raises(mb.InputError, match=r"run began with steps = 10; got steps = 11\. Go on"):
        resume_run(tmp_path / "run" / "checkpoints", layer, optimizer, longer)
    save_checkpoint(tmp_path / "strange", {}, {"step": 0})
    with pytest.raises(StorageError, match="is no checkpoint of a run: it has no optimizer"):
        resume_run(tmp_path / "strange", layer, optimizer, SETTINGS)


def test_only_registered_models_have_a_layout():
    assert has_format(gpt())
    assert not has_format(Linear(2, 2))

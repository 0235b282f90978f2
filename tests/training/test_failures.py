"""Bad numbers and full disks: what is said of them, and that they never cost a good checkpoint."""

import math
import os
import signal

import numpy as np
import pytest

import minibig as mb
from minibig.nn import Linear
from minibig.storage import list_checkpoints, load
from minibig.training import Metrics, TrainingError
from minibig.training.failures import check_evaluation, check_parameters, check_step

from .tiny_runs import child, is_finite, remains, stale_files, trainer, with_look

posix = pytest.mark.skipif(os.name == "nt", reason="needs POSIX limits")


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    folder = tmp_path_factory.mktemp("unbroken")
    trainer(folder).run()
    return remains(folder)


def fails_with(folder, loss, message):
    """The run stops as told, its files are those of step 6, and it can go on from there."""
    with pytest.raises(TrainingError, match=message):
        trainer(folder, loss=loss).run()
    assert list_checkpoints(folder / "checkpoints")[-1].name == "step-00000006"
    assert is_finite(folder)
    for x in load(folder / "model").state_dict().values():
        assert np.isfinite(x.numpy()).all()


def test_an_infinite_gradient_is_named_and_nothing_good_is_overwritten(tmp_path, unbroken):
    def loss(step, micro_step, value):
        weight = run.model.blocks[0].feed_forward.up.weight
        return value + (weight * weight).sum() * math.inf if step == 7 else value

    run = trainer(tmp_path, loss=loss)
    name = "blocks.0.feed_forward.up.weight"
    with pytest.raises(TrainingError, match=rf"step 8 has the loss inf .* gradient of {name}\."):
        run.run()
    assert list_checkpoints(tmp_path / "checkpoints")[-1].name == "step-00000006"
    assert is_finite(tmp_path)
    trainer(tmp_path).run()
    assert remains(tmp_path) == unbroken


def test_a_bad_parameter_is_named_before_any_gradient(tmp_path, unbroken):
    run = trainer(tmp_path)
    plain = run.update.batch

    def batch(number):
        if number == 14:  # the first of step 7
            bias = run.model.final_norm.bias
            bias.assign(np.full(bias.shape, np.nan, "float32"))
        return plain(number)

    run.update.batch = batch
    with pytest.raises(TrainingError, match=r"step 8 has the loss nan .* parameter final_norm.bia"):
        run.run()
    assert is_finite(tmp_path)
    trainer(tmp_path).run()
    assert remains(tmp_path) == unbroken


def test_a_loss_that_is_nan_by_itself_is_told_as_such(tmp_path):
    fails_with(
        tmp_path,
        lambda step, micro_step, value: mb.tensor(math.nan) + value if step == 6 else value,
        "step 7 has the loss nan and the gradient norm .*; no single parameter or gradient",
    )


def test_bad_parameters_are_never_saved(tmp_path):
    run = trainer(tmp_path)
    bias = run.model.final_norm.bias

    def sample():
        if run.state.step == 15:
            bias.assign(np.full(bias.shape, np.inf, "float32"))
        return ""

    with_look(run, "sample", sample)
    with pytest.raises(TrainingError, match=r"after step 15 the parameter final_norm\.bias holds"):
        run.run()
    assert is_finite(tmp_path)
    assert np.isfinite(load(tmp_path / "model").final_norm.bias.numpy()).all()


def test_numbers_that_are_finite_pass():
    layer = Linear(2, 1)
    check_step(layer, 1, 0.0, 1e300)
    check_parameters(layer, 1)
    check_evaluation(1, {"accuracy": 0.0})
    with pytest.raises(TrainingError, match="gradient norm inf"):
        check_step(layer, 1, 0.0, math.inf)
    with pytest.raises(TrainingError, match="after step 3 the accuracy is -inf"):
        check_evaluation(3, {"loss": 1.0, "accuracy": -math.inf})


LIMITED = """
import resource
def loss(step, micro_step, loss):
    if step == 4:
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
    return loss
tiny_runs.main(sys.argv[1], loss)
"""


@posix
@pytest.mark.parametrize(
    ("share", "what"), [(1.1, "step-00000006"), (0.5, "model.safetensors"), (0.05, "metrics")]
)
def test_a_full_disk_leaves_the_last_good_checkpoint(tmp_path, unbroken, share, what):
    process = child(LIMITED, tmp_path, int(share * len(unbroken["model"])))
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert len(errors.splitlines()) == 1 and what in errors and "cannot be written" in errors
    assert list_checkpoints(tmp_path / "checkpoints")[-1].name == "step-00000003"
    Metrics(tmp_path / "metrics.jsonl").read()
    trainer(tmp_path).run()
    assert remains(tmp_path) == unbroken
    assert not stale_files(tmp_path)


@posix
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_told(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(mb.InputError, match="Permission denied"):
        trainer(tmp_path).run()
    tmp_path.chmod(0o700)


def test_an_interruption_does_not_save_bad_numbers(tmp_path):
    run = trainer(tmp_path)
    bias = run.model.final_norm.bias

    def sample():
        bias.assign(np.full(bias.shape, np.nan, "float32"))
        signal.raise_signal(signal.SIGINT)
        return ""

    with_look(run, "sample", sample)
    with np.errstate(all="ignore"), pytest.raises(TrainingError, match="step 6 has the loss nan"):
        run.run()
    assert list_checkpoints(tmp_path / "checkpoints")[-1].name == "step-00000003"
    assert is_finite(tmp_path)

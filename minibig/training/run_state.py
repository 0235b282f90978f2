"""Where a run stands, and how it is saved and found again.

    folder/
      checkpoints/     all that is needed to go on to the bit
      model/           the model as it was at the latest checkpoint, to be loaded anywhere
      best/            the model at the lowest validation loss
      metrics.jsonl    what happened

Checkpoints lie between steps: a step that was under way when a run was killed is made again, with
the same batch and the same dropout masks, for these are functions of the step alone.
"""

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from minibig.backend import Array, InputError, manual_seed, random_state, set_random_state
from minibig.nn import Module
from minibig.optim import Optimizer
from minibig.storage import StorageError, list_checkpoints, load_checkpoint, save_checkpoint
from minibig.training.settings import FREE_TO_CHANGE, TrainingSettings

_MODEL = "model."
_OPTIMIZER = "optimizer."


@dataclass
class RunState:
    """Where a run stands: `step` updates were made, and the last look was at `looked_at`.

    The lines of the metrics file up to here are counted, so that later ones can be cut off. Each of
    the `rollbacks` made `rate_factor` smaller, by which the learning rate is multiplied.
    """

    step: int = 0
    looked_at: int = 0
    metrics_lines: int = 0
    seconds: float = 0.0
    loss: float | None = None
    validation_loss: float | None = None
    best_validation_loss: float | None = None
    rollbacks: int = 0
    rate_factor: float = 1.0


def save_run(
    folder: Path, model: Module, optimizer: Optimizer, state: RunState, settings: TrainingSettings
) -> None:
    """Write a checkpoint of all that the next steps depend on."""
    optimizer_state = optimizer.state_dict()
    moments: dict[str, Array] = optimizer_state.pop("arrays")
    arrays: dict[str, Any] = {_MODEL + name: x for name, x in model.state_dict().items()}
    arrays |= {_OPTIMIZER + name: x for name, x in moments.items()}
    saved = {
        "step": state.step,
        "run": asdict(state),
        "settings": settings.to_json(),
        "optimizer": optimizer_state,
        "random": random_state(),
    }
    save_checkpoint(folder, arrays, saved, keep=settings.keep_checkpoints)


def resume_run(
    folder: Path, model: Module, optimizer: Optimizer, settings: TrainingSettings
) -> RunState | None:
    """Put back the latest checkpoint; or None if there is none, and every random stream seeded.

    Raises:  InputError if the checkpoint is of another model or of other settings, StorageError if
             it is damaged or holds what this version does not know.
    """
    path = _latest(folder)
    if path is None:
        manual_seed(settings.seed)
        return None
    arrays, saved = load_checkpoint(path)
    missing = {"run", "settings", "optimizer", "random"} - saved.keys()
    if missing:
        raise StorageError(f"{path} is no checkpoint of a run: it has no {sorted(missing)[0]}.")
    if unknown := saved["run"].keys() - asdict(RunState()).keys():
        raise StorageError(
            f"{path} holds {sorted(unknown)[0]}, which this minibig does not know. Upgrade minibig."
        )
    _check_settings(folder, saved["settings"], settings)
    try:
        model.load_state_dict(_under(_MODEL, arrays))
        optimizer.load_state_dict({**saved["optimizer"], "arrays": _under(_OPTIMIZER, arrays)})
    except InputError as error:
        raise InputError(f"{folder} holds the checkpoints of another model: {error}") from None
    set_random_state(saved["random"])
    return RunState(**saved["run"])


def _latest(folder: Path) -> Path | None:
    """What `load_checkpoint` is to load; a kill can leave the first one without `latest.json`."""
    if not os.path.lexists(folder):
        return None
    if os.path.lexists(folder / "latest.json"):
        return folder
    complete = list_checkpoints(folder)
    return complete[-1] if complete else None


def _check_settings(folder: Path, saved: dict[str, Any], settings: TrainingSettings) -> None:
    ours, theirs = settings.to_json(), TrainingSettings.of(saved).to_json()
    names = [n for n in ours if n not in FREE_TO_CHANGE and theirs[n] != ours[n]]
    if names:
        began = ", ".join(f"{name} = {theirs[name]}" for name in names)
        now = ", ".join(f"{name} = {ours[name]}" for name in names)
        raise InputError(
            f"the run in {folder.parent} began with {began}; got {now}. Go on with the settings it "
            "began with, or start a new run in another folder."
        )


def _under(prefix: str, arrays: dict[str, Array]) -> dict[str, Array]:
    return {name.removeprefix(prefix): x for name, x in arrays.items() if name.startswith(prefix)}

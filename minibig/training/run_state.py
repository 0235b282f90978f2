"""Where a run stands, and how it is saved and found again.

    folder/
      checkpoints/     all that is needed to go on to the bit
      model/           the model as it was at the latest checkpoint, to be loaded anywhere
      best/            the model at its best evaluation
      metrics.jsonl    what happened

Checkpoints lie between steps: a step that was under way when a run was killed is made again, with
the same batch and the same dropout masks, for these are functions of the step alone.
"""

import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from minibig.backend import Array, InputError, manual_seed, random_state, set_random_state
from minibig.backend.checks import shown
from minibig.files.shapes import Whole, check_shape
from minibig.nn import Module
from minibig.storage import StorageError, list_checkpoints, load_checkpoint, save_checkpoint
from minibig.training.computation import FORMULAS, NUMPY, computed_by
from minibig.training.settings import FREE_TO_CHANGE, TrainingSettings
from minibig.training.updates import GradientUpdate, Update

_MODEL = "model."
_UPDATE = "update."
_OLD_NAMES = {"best_validation_loss": "best", "rate_factor": "lr_factor"}
_MOST = 10**15


@dataclass
class RunState:
    """Where a run stands: `step` updates were made, and the last looks were at step `looked_at`.

    The lines of the metrics file up to here are counted, so that later ones can be cut off.
    `measured` has the latest number of each name that a look returned, `best` the best value of the
    one that decides. Each of the `rollbacks` made `lr_factor` smaller, by which the learning rate
    is multiplied. `kernels` says what computed it, and so whose bits its results have; `spent` what
    the seconds were spent on (`Clock`).
    """

    step: int = 0
    looked_at: int = 0
    metrics_lines: int = 0
    seconds: float = 0.0
    loss: float | None = None
    measured: dict[str, float] = field(default_factory=dict)
    best: float | None = None
    rollbacks: int = 0
    lr_factor: float = 1.0
    kernels: str | None = None
    spent: dict[str, float] = field(default_factory=dict)


_SHAPE = {
    "step": Whole(0, _MOST),
    "run": {
        "step": Whole(0, _MOST),
        "looked_at": Whole(0, _MOST),
        "metrics_lines": Whole(0, _MOST),
        "seconds": float,
        "loss": (float, None),
        "measured": {str: float},
        "best": (float, None),
        "rollbacks": Whole(0, _MOST),
        "lr_factor": float,
        "kernels": (str, None),
        "spent": {str: float},
    },
    "settings": dict,
    "made_by": {"kind": str, ...: object},
    "update": dict,
    "random": {"seed": Whole(0, 10**4300), "streams": {str: dict}},
}


def save_run(
    folder: Path, model: Module, update: Update, state: RunState, settings: TrainingSettings
) -> None:
    """Write a checkpoint of all that the next steps depend on."""
    rest = dict(update.state())
    moments: dict[str, Array] = rest.pop("arrays", {})
    arrays: dict[str, Any] = {_MODEL + name: x for name, x in model.state_dict().items()}
    arrays |= {_UPDATE + name: x for name, x in moments.items()}
    saved = {
        "step": state.step,
        "run": asdict(state),
        "settings": settings.to_json(),
        "made_by": _described(update),
        "update": rest,
        "random": random_state(),
    }
    save_checkpoint(folder, arrays, saved, keep=settings.keep_checkpoints)


def resume_run(
    folder: Path, model: Module, update: Update, settings: TrainingSettings
) -> tuple[RunState | None, list[str]]:
    """Put back the latest checkpoint: where the run stands, and sentences on what has changed.

    Without a checkpoint every random stream is seeded, and there is no state. A run that has made
    its last step may go on with more `steps`.

    Raises:  InputError if the checkpoint is of another model or of other settings, StorageError if
             it is damaged or holds what this version does not know.
    """
    path = _latest(folder)
    if path is None:
        manual_seed(settings.seed)
        return None, []
    arrays, saved = load_checkpoint(path)
    saved = _converted(path, saved)
    check_shape(path, saved, _SHAPE)
    state = RunState(**saved["run"])
    if state.step != saved["step"] or state.looked_at > state.step:
        raise StorageError(f"{path} is not usable: its steps contradict each other.")
    notes = _check_settings(folder, saved["settings"], settings, state.step)
    _check_update(folder, saved["made_by"], _described(update))
    try:
        model.load_state_dict(_under(_MODEL, arrays))
        moments = _under(_UPDATE, arrays) or _under("optimizer.", arrays)
        update.load({**saved["update"], "arrays": moments})
    except InputError as error:
        raise InputError(f"{folder} holds the checkpoints of another model: {error}") from None
    set_random_state(saved["random"])
    if state.kernels not in (None, now := computed_by(model)):
        notes.append(
            f"up to step {state.step} this run was computed by {state.kernels}, and now it goes on "
            f"by {now}: its last digits are no longer those of an unbroken run."
        )
    return state, notes


def _converted(path: Path, saved: dict[str, Any]) -> dict[str, Any]:
    """The state of a checkpoint, also of an older version, under the names of today."""
    saved = dict(saved)
    if "optimizer" in saved:
        saved["update"] = saved.pop("optimizer")
    missing = {"run", "settings", "update", "random"} - saved.keys()
    if missing:
        raise StorageError(f"{path} is no checkpoint of a run: it has no {min(missing)}.")
    if not isinstance(saved["run"], dict):
        return saved
    run = {_OLD_NAMES.get(name, name): value for name, value in saved["run"].items()}
    if "validation_loss" in run:
        value = run.pop("validation_loss")
        run["measured"] = {} if value is None else {"validation_loss": value}
    if isinstance(run.get("kernels"), bool):
        run["kernels"] = NUMPY if run["kernels"] else FORMULAS
    for name in run.keys() - asdict(RunState()).keys():
        raise StorageError(
            f"{path} holds {name}, which this minibig does not know. Upgrade minibig."
        )
    made_by: dict[str, Any] = saved.get("made_by", {"kind": GradientUpdate.__name__})
    return {**saved, "run": {**asdict(RunState()), **run}, "made_by": made_by}


def _described(update: Update) -> dict[str, Any]:
    """The class of an update and its own settings: what a run must go on with."""
    return {"kind": type(update).__name__, **getattr(update, "own_settings", {})}


def _check_update(folder: Path, began: dict[str, Any], now: dict[str, Any]) -> None:
    if began != now:
        first, second = (
            f"{each['kind']} {shown({k: v for k, v in each.items() if k != 'kind'})}"
            for each in (began, now)
        )
        raise InputError(
            f"the run in {folder.parent} began with the update {first}; got {second}. Go on with "
            "the same update, or start a new run in another folder."
        )


def _latest(folder: Path) -> Path | None:
    """What `load_checkpoint` is to load; a kill can leave the first one without `latest.json`."""
    if not os.path.lexists(folder):
        return None
    if os.path.lexists(folder / "latest.json"):
        return folder
    complete = list_checkpoints(folder)
    return complete[-1] if complete else None


def _check_settings(
    folder: Path, saved: dict[str, Any], settings: TrainingSettings, step: int
) -> list[str]:
    """Refuse other settings; a sentence if a finished run goes on with more steps."""
    began = TrainingSettings.of(saved)
    if step > began.steps:
        raise StorageError(f"{folder} is not usable: step {step} lies beyond {began.steps} steps.")
    names = [name for name in settings.differing(began) if name not in FREE_TO_CHANGE]
    if names == ["steps"] and step == began.steps < settings.steps:
        return [
            f"this run was finished at step {step} and goes on to step {settings.steps}: its "
            f"learning rate ended at {began.learning_rate(step - 1):.1e} and goes on from "
            f"{settings.learning_rate(step):.1e}, as the schedule of {settings.steps} steps has it."
        ]
    if names:
        raise InputError(
            f"the run in {folder.parent} began with {began.listed(names)}; got "
            f"{settings.listed(names)}. Go on with the settings it began with, or start a new run "
            "in another folder."
        )
    return []


def _under(prefix: str, arrays: dict[str, Array]) -> dict[str, Array]:
    return {name.removeprefix(prefix): x for name, x in arrays.items() if name.startswith(prefix)}

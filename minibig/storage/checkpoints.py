"""Checkpoints: the state of a run at one step, written as a whole and checked by SHA-256.

    folder/
      latest.json               which checkpoint is the latest
      step-00000400/
      step-00000500/
        tensors.safetensors     the arrays
        checkpoint.json         the numbers, and the SHA-256 of tensors.safetensors

A checkpoint is written under a temporary name, renamed when it is complete, and then `latest.json`
is replaced; each of these is one step to the operating system. A process killed in between leaves
the checkpoint before, or the new one.

Both JSON files hold their own checksum (`files/checksums.py`), so no bit of a checkpoint can flip
unnoticed.
"""

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from minibig.autograd import Tensor
from minibig.backend import Array, checks
from minibig.files import (
    CheckedJson,
    StorageError,
    Whole,
    check_shape,
    digest,
    make_folder,
    new_folder,
    parse_json,
    remove_folder,
    write_file,
)
from minibig.files.durable import sync_written, synced_file
from minibig.storage.tensor_files import check_length, load_tensors, write_tensors

# Since 2 the state of a run counts its rollbacks; since 3 optimizers name their state by parameter;
# since 4 the checksum covers this number as well.
_KIND = CheckedJson("minibig checkpoint", 4)

_LATEST = "latest.json"
_STATE = "checkpoint.json"
_TENSORS = "tensors.safetensors"
_STEP_FOLDER = re.compile(r"step-(\d{8,13})(?:\.(\d{1,9}))?")
_MOST_STEPS = 10**12
_SHAPE = {"state": {"step": Whole(0, _MOST_STEPS), ...: object}, "tensors_sha256": str}


def save_checkpoint(
    folder: str | os.PathLike[str],
    arrays: Mapping[str, Tensor | Array],
    state: dict[str, Any],
    *,
    keep: int = 2,
) -> Path:
    """Write a checkpoint into `folder`, make it the latest, and keep the last `keep` of them.

    `state` holds whatever JSON can hold, "step" among it. Checkpoints of later steps are removed:
    a run that goes on from an earlier step has given them up. Returns the folder of the checkpoint.

    Raises:  StorageError if it cannot be written; the latest checkpoint is still the one before.
             InputError for a state that would not come back from JSON as it is.

    >>> import tempfile, numpy as np
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for step in (100, 200, 300):
    ...         path = save_checkpoint(folder, {"w": np.ones(2) * step}, {"step": step})
    ...     [path.name for path in list_checkpoints(folder)], load_checkpoint(folder)
    (['step-00000200', 'step-00000300'], ({'w': array([300., 300.])}, {'step': 300}))
    """
    folder = checks.path("folder", folder)
    checks.whole("keep", keep, least=1)
    _check_state(state)
    make_folder(folder)
    path = _free_name(folder, state["step"])
    with new_folder(path) as unfinished:
        write_tensors(unfinished / _TENSORS, arrays)
        sync_written(unfinished / _TENSORS)
        payload = {"state": state, "tensors_sha256": digest(unfinished / _TENSORS)}
        with synced_file(unfinished / _STATE) as file:
            file.write(_KIND.content(payload))
    write_file(folder / _LATEST, _KIND.content({"latest": path.name}))
    paths = list_checkpoints(folder)
    here = paths.index(path)
    for other in (*paths[: max(0, here + 1 - keep)], *paths[here + 1 :]):
        remove_folder(other)
    return path


def load_checkpoint(folder: str | os.PathLike[str]) -> tuple[dict[str, Array], dict[str, Any]]:
    """The arrays and the state of the latest checkpoint in `folder`, or of the one at `folder`.

    Raises:  StorageError if there is none, if it is damaged, or if it was written by a newer
             version of minibig.
    """
    folder = checks.path("folder", folder)
    path = _find(folder)
    try:
        return _read(path)
    except StorageError:
        if os.path.isdir(path) or path == folder:
            raise
    return load_checkpoint(folder)  # the run that is saving here has removed it in the meantime


def list_checkpoints(folder: str | os.PathLike[str]) -> list[Path]:
    """The checkpoints in a folder, in the order of their steps."""
    folder = checks.path("folder", folder)
    try:
        names = os.listdir(folder)
    except OSError as error:
        raise StorageError(f"{folder} cannot be read: {error.strerror or error}.") from error
    found = [match for name in names if (match := _STEP_FOLDER.fullmatch(name))]
    found.sort(key=lambda match: (int(match[1]), int(match[2] or 0)))
    return [Path(folder, match[0]) for match in found]


def _read(path: Path) -> tuple[dict[str, Array], dict[str, Any]]:
    """The arrays and the state of the checkpoint at `path`."""
    payload = _KIND.read(path / _STATE)
    check_shape(path / _STATE, payload, _SHAPE)
    check_length(path / _TENSORS)
    if digest(path / _TENSORS) != payload["tensors_sha256"]:
        raise StorageError(
            f"{path / _TENSORS} is damaged: its SHA-256 is not that of the file that was written; "
            f"{_advice(path)}"
        )
    return load_tensors(path / _TENSORS), payload["state"]


def _find(folder: Path) -> Path:
    """The folder of the checkpoint that is meant by `folder`."""
    if os.path.isfile(folder / _STATE):
        return folder
    if not os.path.isdir(folder):
        raise StorageError(f"{folder} is not a folder. Give the folder that checkpoints are in.")
    if not os.path.exists(folder / _LATEST):
        raise StorageError(f"{folder} holds no checkpoint: {_LATEST} is missing. {_others(folder)}")
    name = _KIND.read(folder / _LATEST).get("latest")
    if not isinstance(name, str) or not _STEP_FOLDER.fullmatch(name):
        raise StorageError(f"{folder / _LATEST} names no checkpoint. {_others(folder)}")
    if not os.path.isfile(folder / name / _STATE):
        if _KIND.read(folder / _LATEST).get("latest") != name:  # a run has saved here just now
            return _find(folder)
        raise StorageError(
            f"{folder / name} is the latest checkpoint and is not there. {_others(folder)}"
        )
    return folder / name


def _advice(path: Path) -> str:
    """What to do about a damaged checkpoint."""
    return (
        f"restore a copy of it, or remove {path.name} and {_LATEST} to go on from an older one. "
        f"{_others(path.parent, path)}"
    )


def _others(folder: Path, without: Path | None = None) -> str:
    """What else could be loaded."""
    names = [path.name for path in list_checkpoints(folder) if path != without]
    return f"In {folder} there is {', '.join(names)}." if names else f"{folder} holds no other."


def _free_name(folder: Path, step: int) -> Path:
    """step-00000500, or step-00000500.1 after a checkpoint of that step that is there already."""
    names = [path.name for path in list_checkpoints(folder)]
    same = [name for name in names if name.partition(".")[0] == f"step-{step:08}"]
    number = int(same[-1].partition(".")[2] or 0) + 1 if same else 0
    path = folder / f"step-{step:08}"
    return path.with_name(f"{path.name}.{number}") if number else path


def _check_state(state: dict[str, Any]) -> None:
    """Raise unless JSON gives back exactly this state: tuples and integer keys would change."""
    if not isinstance(state, dict):
        raise checks.refusal("state", "a dictionary", state)
    checks.whole('state["step"]', state.get("step"), 0, _MOST_STEPS)
    try:
        if parse_json(json.dumps(state, allow_nan=False).encode()) == state:
            return
        reason = "it would come back changed (tuples as lists, keys as texts)"
    except (TypeError, ValueError, RecursionError) as error:
        reason = str(error)
    raise StorageError(
        f"state must hold only what JSON holds: {reason}. Use dictionaries with text keys, lists, "
        "texts, finite Python numbers, booleans and None; arrays go into `arrays`."
    )

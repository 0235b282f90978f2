"""Models in folders: config.json and model.safetensors, and how they are found again.

A model whose family has published weights is written in Hugging Face's layout, by the table of the
family: such a folder opens elsewhere, and one published elsewhere opens here. Every other model is
written under our own names (`native.py`). Other files in the folder, such as the tokenizer's, are
left alone.

One file more is ours: minibig_checksums.json, by which a flipped bit in one of the two is noticed.
"""

import json
import os
import time
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from minibig.backend import Array, Device, InputError, checks, to_device
from minibig.backend import device as backend_device
from minibig.files import (
    MAX_JSON_BYTES,
    StorageError,
    check_files,
    command_line,
    make_folder,
    new_file,
    new_path,
    read_file,
    read_json,
    remove_file,
)
from minibig.files.checksums import CHECKSUMS, checksums_of
from minibig.files.temporary_names import is_written
from minibig.nn import Module, without_values
from minibig.storage import native
from minibig.storage.families import FAMILIES
from minibig.storage.tensor_files import (
    PICKLES,
    TensorFile,
    check_length,
    open_tensors,
    refuse_pickle,
    write_tensors,
)
from minibig.storage.weight_tables import SAME, Family, Source

CONFIG = "config.json"
WEIGHTS = "model.safetensors"
_PLACES = ("", "model", "best")  # in the folder of a model, or of a run
_MOST_NAMES = 8  # in a sentence
_TRIES = 100  # to load what another process is saving
_PAUSE = 0.01  # seconds between two of them


def save(model: Module, folder: str | os.PathLike[str]) -> None:
    """Write any model as config.json and model.safetensors into `folder`.

    Of a class of your own, and of layers that were put into a model, the file says by which path
    they are imported and with which arguments they are made; these are read from the attributes of
    the same names. A model that cannot be rebuilt this way is saved as well: a warning says how to
    load it.

    Weights never stand beside the configuration or the checksums of another model, even if the
    process is killed; then minibig_checksums.json may be missing, which is written last.

    Raises:  StorageError if the files cannot be written; InputError for what is no model or no
             folder.
    """
    if isinstance(model, Mapping):
        raise InputError(
            f"model must be of type Module; got {type(model).__name__}. A state is written by "
            "storage.save_tensors(path, tensors)."
        )
    folder = checks.path("folder", folder)
    checks.instance("model", model, Module)
    if folder.suffix.lower() in (".safetensors", *PICKLES):
        raise InputError(
            f"{native.shown_path(folder)} is the name of a file, and a model is saved in a folder. "
            f"Leave out {folder.suffix}, or write the weights alone with storage.save_tensors."
        )
    fields, tensors = _described(model)
    if fields["model_type"] == native.MODEL_TYPE and not native.can_be_rebuilt(fields):
        warnings.warn(native.cannot_be_rebuilt(fields["class"], folder / WEIGHTS), stacklevel=2)
    config = json.dumps(fields, indent=2, sort_keys=True).encode() + b"\n"
    make_folder(folder)
    path, sums = folder / CONFIG, folder / CHECKSUMS
    with (
        new_file(sums) as sums_file,
        new_file(path) as config_file,
        new_path(folder / WEIGHTS) as weights_path,
    ):
        config_file.write(config)
        config_file.flush()
        write_tensors(weights_path, tensors, {"format": "pt"})  # as PyTorch's readers expect
        sums_file.write(checksums_of({CONFIG: Path(config_file.name), WEIGHTS: weights_path}))
        sums_file.flush()
        # From here on the weights are replaced, then the configuration, then the checksums.
        remove_file(sums)
        if _holds(folder, CONFIG) and not _is_there(path, config):
            remove_file(path)


def load(
    folder: str | os.PathLike[str],
    device: str | Device | None = None,
    *,
    classes: Sequence[type[Module]] = (),
) -> Module:
    """The model in the folder of a model or of a run, in evaluation mode, on `device`.

    Call `.train()` to train it further. Weights in half precision are widened to float32; float64
    stays float64. Nothing is allocated before the configuration is known to fit the weights.
    Classes of your own are found where they are imported already, or among `classes`; nothing is
    imported because a file says so.

    Raises:  StorageError that says what is wrong with the files: a bit that is not as it was
             written, or every missing, unexpected and mis-shaped tensor.
    """
    for kind in classes:
        if not (isinstance(kind, type) and issubclass(kind, Module)):
            raise checks.refusal("classes", "subclasses of nn.Module", kind)
    folder = checks.path("folder", folder)
    backend_device(device)  # a wrong name is not the fault of the folder
    for _ in range(_TRIES):
        before, found = _stamps(folder), None
        try:
            found = _load(find_model(folder), device, classes)
        except StorageError:
            # In this order: a process that has just ended its writing has changed the stamps.
            if not _is_written(folder) and _stamps(folder) == before:
                raise
        if found is not None and _stamps(folder) == before:
            return found
        time.sleep(_PAUSE)
    raise StorageError(f"{folder} is written all the time. Try again when that has ended.")


def _load(folder: Path, device: str | Device | None, classes: Sequence[type[Module]]) -> Module:
    """What `load` does, unless another process saves in the folder at the same time."""
    read_file(folder / CONFIG, MAX_JSON_BYTES)  # the checksum of an endless one would take for ever
    if _holds(folder, WEIGHTS):
        check_length(folder / WEIGHTS)
    check_files(folder, (CONFIG, WEIGHTS))
    fields = read_json(folder / CONFIG, shape={...: object})
    family = _family(folder / CONFIG, fields.get("model_type"))
    with open_tensors(folder / WEIGHTS) as file:
        model = _built(fields, family, file, classes)
        if file.entries and all(entry.dtype == "float64" for entry in file.entries.values()):
            model.to("float64")
        if device is not None:
            model.to(device)
        if family:
            names, sources = family.names_in(file), family.sources(model.state_dict())
        else:
            names = {name: name for name in file.entries}
            sources = {name: Source((name,), SAME) for name in model.state_dict()}
        _check_tensors(model, sources, names, file)
        _fill(model, sources, names, file)
    return model.eval()


def find_model(folder: str | os.PathLike[str]) -> Path:
    """The folder that holds the model: `folder` itself, or `model` or `best` in that of a run.

    Raises:  StorageError that says what is there instead.
    """
    folder = checks.path("folder", folder)
    refuse_pickle(folder)
    if folder.name in (CONFIG, WEIGHTS) and os.path.isfile(folder):
        raise StorageError(f"{folder} is not a folder. Give the one it lies in: {folder.parent}.")
    if not os.path.isdir(folder):
        raise StorageError(f"{folder} is not a folder. Give the folder of a run or of a model.")
    place = next((p for name in _PLACES if (p := folder / name) and _holds(p, CONFIG)), None)
    if place is None and _holds(folder, "run.json"):
        go_on = command_line("minibig", "train", "--resume", "--out", folder)
        raise StorageError(
            f"{folder} holds a run that has not saved a model yet. Go on with: {go_on}"
        )
    if place is None:
        raise StorageError(
            f"{folder} holds no model: there is no {CONFIG}. Give the folder of a run or a model."
        )
    _check_weights(place)
    return place


def _stamps(folder: Path) -> list[Any]:
    """Which files lie in the places where a model may be: they change when one is saved there."""
    stamps: list[Any] = []
    for place in _PLACES:
        for name in (CONFIG, WEIGHTS, CHECKSUMS):
            with suppress(OSError):
                status = os.stat(folder / place / name)
                stamps.append((place, name, status.st_ino, status.st_mtime_ns))
    return stamps


def _is_written(folder: Path) -> bool:
    return any(is_written(folder / place) for place in _PLACES)


def _is_there(path: Path, content: bytes) -> bool:
    """Whether a file holds just this; another process may take it away at any time."""
    try:
        return read_file(path, MAX_JSON_BYTES) == content
    except StorageError:
        return False


def _holds(folder: Path, name: str) -> bool:
    return os.path.lexists(folder / name)


def _described(model: Module) -> tuple[dict[str, Any], dict[str, Any]]:
    """The fields of config.json, and the tensors by the names that they have in the file."""
    tensors = {name: tensor.data for name, tensor in model.state_dict().items()}
    for family in FAMILIES.values():
        if type(model) is family.model_class and native.is_as_configured(model):
            dtypes = {str(array.dtype) for array in tensors.values()}
            fields = {"model_type": family.model_type, **family.fields_of(vars(model)["config"])}
            return fields | {"torch_dtype": dtypes.pop()}, family.theirs(tensors)
    return native.fields_of(model), tensors


def _family(path: Path, kind: Any) -> Family | None:
    """The family of a model_type; None for our own layout."""
    if kind == native.MODEL_TYPE:
        return None
    if not isinstance(kind, str) or kind not in FAMILIES:
        known = ", ".join((*FAMILIES, native.MODEL_TYPE))
        raise StorageError(f"{path} has model_type {checks.shown(kind)}; minibig knows {known}.")
    return FAMILIES[kind]


def _built(
    fields: dict[str, Any], family: Family | None, file: TensorFile, classes: Sequence[type[Module]]
) -> Module:
    """The model that a configuration describes, without values, if it is one that can be."""
    path = file.path.parent / CONFIG
    if not family:
        native.expect_known(fields, file.path, classes)
    try:
        with without_values(at_most=3 * len(file.entries) + 100):
            return family.build(fields) if family else native.build(fields, classes)
    except StorageError:
        raise
    except (InputError, OverflowError) as error:
        raise StorageError(f"{path} describes no possible model: {error}") from error
    except MemoryError:
        raise StorageError(f"{path} asks for a model beyond the memory.") from None


def _check_weights(folder: Path) -> None:
    """Raise with what to do if model.safetensors is not there."""
    if os.path.exists(folder / WEIGHTS):
        return
    if os.path.exists(folder / f"{WEIGHTS}.index.json"):
        raise StorageError(f"{folder} holds weights in several files. Merge them into {WEIGHTS}.")
    pickles = sorted(n for n in os.listdir(folder) if Path(n).suffix.lower() in PICKLES)
    if pickles:
        refuse_pickle(folder / pickles[0])
    raise StorageError(f"{folder} holds no {WEIGHTS}. Give a folder that save() wrote.")


def _check_tensors(
    model: Module, sources: dict[str, Source], names: dict[str, str], file: TensorFile
) -> None:
    """Raise with all that does not fit, by the names of the table; nothing is read for it."""
    expected: dict[str, Array] = {}
    wrong = []
    for ours, tensor in model.state_dict().items():
        like = np.broadcast_to(np.zeros((), tensor.dtype), tensor.shape)  # takes no memory
        source = sources[ours]
        parts = source.transform.to_theirs(like, len(source.names))
        expected |= dict(zip(source.names, parts, strict=True))
    for name, like in expected.items():
        entry = file.entries[names[name]] if name in names else None
        if entry and (entry.shape != like.shape or entry.dtype.kind != like.dtype.kind):
            floats = "floats" if like.dtype.kind == "f" else str(like.dtype)
            wrong.append(
                f"{checks.shown(name)[1:-1]} has shape {entry.shape} and {entry.dtype}, not "
                f"{like.shape} and {floats}"
            )
    problems = {
        "missing": [name for name in expected if name not in names],
        "unexpected": [checks.shown(name)[1:-1] for name in names if name not in expected],
        "wrong": wrong,
    }
    listed = "; ".join(f"{kind}: {_listed(found)}" for kind, found in problems.items() if found)
    if listed:
        raise StorageError(
            f"{file.path} does not fit {CONFIG}. {listed}. Give a folder whose two files belong "
            "together."
        )


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _MOST_NAMES:,} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more


def _fill(
    model: Module, sources: dict[str, Source], names: dict[str, str], file: TensorFile
) -> None:
    """Give every tensor its values. One is read at a time, and parameters take them as they are."""
    parameters, buffers = dict(model.named_parameters()), {}
    for ours, tensor in model.state_dict().items():
        source = sources[ours]
        array = source.transform.to_ours([file.read(names[name]) for name in source.names])
        array = to_device(_own(array, tensor.dtype), tensor.device)
        if ours in parameters:
            parameters[ours].data = array
        else:
            buffers[ours] = array
    if buffers:
        model.load_state_dict({**model.state_dict(), **buffers})


def _own(array: Array, dtype: Any) -> Array:
    """The array in C order and in the dtype of the model, copied only where it has to be."""
    return np.asarray(array, dtype, order="C")

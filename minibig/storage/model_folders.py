"""Models in Hugging Face's layout: a folder with config.json and model.safetensors.

A folder written here opens elsewhere, and one published elsewhere opens here, as long as its kind
of model is registered: `register_model` says how the configuration is read and written, and what
the tensors are called outside. Other files in the folder, such as the tokenizer's, are left alone.

One file more is ours: minibig_checksums.json, by which a flipped bit in one of the two is noticed.
"""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minibig.backend import Array, Device, InputError
from minibig.files.checksums import CHECKSUMS, check_files, checksums
from minibig.files.durable import (
    StorageError,
    make_folder,
    new_file,
    new_path,
    read_file,
    remove_file,
)
from minibig.files.strict_json import MAX_JSON_BYTES, parse_json
from minibig.nn import Module
from minibig.storage.tensor_files import PICKLES, load_tensors, refuse_pickle, write_tensors

CONFIG = "config.json"
WEIGHTS = "model.safetensors"


@dataclass(frozen=True)
class ModelFormat:
    """How one kind of model looks outside.

    `build` makes a model from the fields of config.json and `describe` gives these fields; `names`
    maps our names of a model's tensors to theirs; `tidy` takes away and renames what published
    files hold in other ways.
    """

    model_type: str
    model_class: type[Module]
    build: Callable[[dict[str, Any]], Module]
    describe: Callable[[Any], dict[str, Any]]
    names: Callable[[Any], dict[str, str]]
    tidy: Callable[[dict[str, Array]], dict[str, Array]]


_formats: dict[str, ModelFormat] = {}


def register_model(model_format: ModelFormat) -> None:
    """Let `save` and `load` know one more kind of model.

    Raises:  StorageError if its "model_type" or its class is registered already.
    """
    for known in _formats.values():
        if model_format.model_type == known.model_type:
            raise StorageError(f"model_type {known.model_type!r} is registered already.")
        if model_format.model_class is known.model_class:
            raise StorageError(f"{known.model_class.__name__} is registered already.")
    _formats[model_format.model_type] = model_format


def save(model: Module, folder: str | os.PathLike[str]) -> None:
    """Write a model as config.json and model.safetensors into `folder`, in Hugging Face's layout.

    Weights never stand beside the configuration or the checksums of another model, even if the
    process is killed; then minibig_checksums.json may be missing, which is written last.

    Raises:  StorageError if the files cannot be written, or nobody registered this kind of model.
    """
    folder = Path(folder)
    form = _format_of(model)
    names = form.names(model)
    state = {names[name]: tensor for name, tensor in model.state_dict().items()}
    fields = {"model_type": form.model_type, **form.describe(model)}
    config = json.dumps(fields, indent=2, sort_keys=True).encode() + b"\n"
    make_folder(folder)
    path, sums = folder / CONFIG, folder / CHECKSUMS
    with (
        new_file(sums) as sums_file,
        new_file(path) as config_file,
        new_path(folder / WEIGHTS) as weights_path,
    ):
        config_file.write(config)
        write_tensors(weights_path, state, {"format": "pt"})  # as PyTorch's readers expect
        config_file.flush()
        written = {CONFIG: Path(config_file.name), WEIGHTS: weights_path}
        sums_file.write(checksums(written))
        sums_file.flush()
        # From here on the weights are replaced, then the configuration, then the checksums.
        remove_file(sums)
        if os.path.isfile(path) and read_file(path, MAX_JSON_BYTES) != config:
            remove_file(path)


def load(folder: str | os.PathLike[str], device: str | Device | None = None) -> Module:
    """The model in a folder in Hugging Face's layout, in evaluation mode, on `device`.

    Call `.train()` to train it further. Weights in half precision are widened to float32; float64
    stays float64.

    Raises:  StorageError that says what is wrong with the files: a bit that is not as it was
             written, or every missing, unexpected and mis-shaped tensor.
    """
    folder = Path(folder)
    refuse_pickle(folder)
    if not os.path.isdir(folder):
        raise StorageError(f"{folder} is not a folder. Give one with {CONFIG} and {WEIGHTS}.")
    check_files(folder, (CONFIG, WEIGHTS))
    fields = _read_config(folder / CONFIG)
    kind = fields.get("model_type")
    if not isinstance(kind, str) or kind not in _formats:
        raise StorageError(
            f"{folder / CONFIG} has model_type {kind!r}; minibig knows {', '.join(_formats)}."
        )
    _check_weights(folder)
    form = _formats[kind]
    try:
        model = form.build(fields)
        arrays = form.tidy(load_tensors(folder / WEIGHTS))
        ours = {theirs: name for name, theirs in form.names(model).items()}
        _check_names(model, arrays, ours)
    except StorageError:
        raise
    except InputError as error:
        raise StorageError(f"{folder / CONFIG} describes no possible model: {error}") from error
    except MemoryError:
        raise StorageError(f"{folder / CONFIG} asks for a model beyond the memory.") from None
    if arrays and all(array.dtype == "float64" for array in arrays.values()):
        model.to("float64")
    if device is not None:
        model.to(device)
    model.load_state_dict({ours[theirs]: array for theirs, array in arrays.items()})
    return model.eval()


def has_format(model: Module) -> bool:
    """Whether `save` knows a layout for this kind of model."""
    return any(type(model) is form.model_class for form in _formats.values())


def _format_of(model: Module) -> ModelFormat:
    for form in _formats.values():
        if type(model) is form.model_class:
            return form
    raise StorageError(
        f"a {type(model).__name__} has no layout to be saved in; minibig can save "
        f"{', '.join(form.model_class.__name__ for form in _formats.values())}. Register it with "
        "register_model, or save model.state_dict() with save_tensors."
    )


def _read_config(path: Path) -> dict[str, Any]:
    try:
        fields = parse_json(read_file(path, MAX_JSON_BYTES))
    except StorageError as error:
        raise StorageError(f"{path} is not usable: {error}") from None
    if not isinstance(fields, dict):
        raise StorageError(f"{path} must hold a JSON object; got {type(fields).__name__}.")
    return fields


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


def _check_names(model: Module, arrays: dict[str, Array], ours: dict[str, str]) -> None:
    """Raise with all that does not fit, by the names that stand in the file."""
    state = model.state_dict()
    shapes = {theirs: state[name].shape for theirs, name in ours.items()}
    wrong = [
        f"{name} has shape {array.shape} and {array.dtype}, not {shapes[name]} and floats"
        for name, array in arrays.items()
        if name in shapes and (array.shape != shapes[name] or array.dtype.kind != "f")
    ]
    problems = {
        "missing": [name for name in shapes if name not in arrays],
        "unexpected": [name for name in arrays if name not in shapes],
        "wrong": wrong,
    }
    listed = "; ".join(f"{kind}: {', '.join(names)}" for kind, names in problems.items() if names)
    if listed:
        raise StorageError(
            f"{WEIGHTS} does not fit {CONFIG}. {listed}. Give a folder whose two files belong "
            "together."
        )

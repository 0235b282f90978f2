"""Whether values fit a module: what `load_state_dict` asks before it changes anything."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from minibig.autograd import Tensor
from minibig.backend import Array, InputError, is_array, plain
from minibig.backend.checks import shown


def arrays_of(state: Any) -> dict[str, Array]:
    """name -> array for a mapping of names to tensors, arrays or nested lists.

    Raises:  InputError if it is no such mapping.
    """
    if not isinstance(state, Mapping):
        raise InputError(
            f"state must be a mapping of names to arrays; got {shown(state)}. Files are read by "
            "mb.storage.load_tensors(path)."
        )
    arrays = {}
    for name, value in state.items():
        array = value.data if isinstance(value, Tensor) else plain(value)
        arrays[name] = array if is_array(array) else np.asarray(array)
    return arrays


def expect_fit(owner: str, own: Mapping[str, Tensor], arrays: Mapping[str, Array]) -> None:
    """Raise unless the arrays have the names, shapes and kinds of numbers of the tensors `own`.

    Raises:  InputError that lists every missing, unexpected and mis-shaped name.
    """
    problems = {
        "missing": [name for name in own if name not in arrays],
        "unexpected": [name for name in arrays if name not in own],
        "wrong": [
            problem
            for name, holder in own.items()
            if name in arrays and (problem := _misfit(name, holder, arrays[name]))
        ],
    }
    found = "; ".join(f"{kind}: {_listed(names)}" for kind, names in problems.items() if names)
    if found:
        raise InputError(
            f"the state does not fit {owner}. {found}. Build the model with the configuration that "
            "the state was saved with; mb.load opens a folder with a model in any layout."
        )


def _misfit(name: str, holder: Tensor, array: Array) -> str:
    """Why the array cannot become the values of the holder; empty if it can."""
    if tuple(array.shape) != holder.shape:
        return f"{name} must have shape {holder.shape}, got {tuple(array.shape)}"
    if array.dtype.kind != holder.dtype.kind:
        return f"{name} must be {holder.dtype}, got {array.dtype}"
    return ""


def _listed(names: list[str], most: int = 8) -> str:
    """Names for a sentence: the first ones, and how many there are besides."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more

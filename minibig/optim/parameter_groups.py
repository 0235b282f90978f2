"""Groups of parameters that share their settings, and the checks of both.

Callers write groups as dictionaries, {"parameters": [...], "weight_decay": 0.0}; an optimizer keeps
them as `ParameterGroup` with every setting filled in.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np

from minibig.autograd import Tensor
from minibig.autograd.tensors import Leaf
from minibig.backend import InputError

_ABOVE_0 = {"eps", "decay", "min_scale", "clip"}


@dataclass
class ParameterGroup:
    """Parameters, and the keywords that their update rule gets."""

    parameters: list[Any]
    settings: dict[str, Any]

    def described(self) -> dict[str, Any]:
        """The group as JSON can hold it: how many parameters, and the settings."""
        settings = {k: list(v) if isinstance(v, tuple) else v for k, v in self.settings.items()}
        return {"n_parameters": len(self.parameters), "settings": settings}


def decay_groups(module: Any, weight_decay: float) -> list[dict[str, Any]]:
    """The parameters of a module in two groups: matrices and embeddings decay, vectors do not.

    Biases and the gains of norms are vectors: pulling them to zero does not make a model simpler.

    >>> from minibig.nn import Linear
    >>> groups = decay_groups(Linear(3, 2), weight_decay=0.1)
    >>> [(p.shape, group["weight_decay"]) for group in groups for p in group["parameters"]]
    [((3, 2), 0.1), ((2,), 0.0)]
    """
    if not hasattr(module, "parameters"):
        raise TypeError(f"decay_groups needs a module; got {type(module).__name__}.")
    parameters = list(module.parameters())
    groups = [
        {"parameters": [p for p in parameters if p.data.ndim >= 2], "weight_decay": weight_decay},
        {"parameters": [p for p in parameters if p.data.ndim < 2], "weight_decay": 0.0},
    ]
    return [group for group in groups if group["parameters"]]


def as_groups(parameters: Iterable[Any], settings: dict[str, Any]) -> list[ParameterGroup]:
    """The groups that were given, or the one group of a plain list, with all `settings`.

    Raises:  InputError for no parameter, the same one twice, or a setting out of range;
             TypeError for what is no parameter.
    """
    groups = [_group(group, settings) for group in _dictionaries(parameters)]
    ids = [id(p) for group in groups for p in group.parameters]
    if not ids:
        raise InputError("an optimizer needs at least one parameter; got none.")
    if len(set(ids)) < len(ids):
        raise InputError("each parameter must be given once; one of them comes twice.")
    return groups


def checked_settings(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings as plain numbers, each in its range; unknown ones as they are."""
    settings = dict(settings)
    if "betas" in settings:
        betas = settings["betas"]
        if not isinstance(betas, Sequence) or len(betas) != 2:
            raise TypeError(f"betas must be a pair of numbers; got {betas!r}.")
        settings["betas"] = tuple(_fraction("betas", beta) for beta in betas)
    if "momentum" in settings:
        settings["momentum"] = _fraction("momentum", settings["momentum"])
    if settings.get("nesterov") and settings["momentum"] == 0:
        raise InputError("nesterov looks ahead along the momentum; set momentum above 0.")
    for name in _ABOVE_0 & settings.keys():
        settings[name] = number(name, settings[name])
        if settings[name] <= 0:
            raise InputError(f"{name} must be above 0; got {settings[name]}.")
    if not isinstance(settings.get("orthogonal", True), bool):
        raise TypeError(f"orthogonal must be True or False; got {settings['orthogonal']!r}.")
    if "weight_decay" in settings:
        settings["weight_decay"] = number("weight_decay", settings["weight_decay"])
        if settings["weight_decay"] < 0:
            raise InputError(f"weight_decay must be 0 or more; got {settings['weight_decay']}.")
    return settings


def number(name: str, value: Any) -> float:
    """The value as a Python float: a NumPy scalar would make float32 parameters float64."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a number; got {type(value).__name__}.")
    if not math.isfinite(value):
        raise InputError(f"{name} must be finite; got {value!r}.")
    return float(value)


def _fraction(name: str, value: Any) -> float:
    fraction = number(name, value)
    if not 0 <= fraction < 1:
        raise InputError(f"{name} must lie in [0, 1); got {value!r}.")
    return fraction


def _dictionaries(parameters: Iterable[Any]) -> list[dict[str, Any]]:
    """The groups as they were given; a plain list of parameters is one group."""
    given = _listed(parameters)
    if not any(isinstance(item, dict) for item in given):
        return [{"parameters": given}]
    for group in given:
        if not isinstance(group, dict) or "parameters" not in group:
            raise TypeError(
                'give either parameters or groups, each a dictionary with "parameters"; got '
                f"{sorted(group) if isinstance(group, dict) else type(group).__name__} among them."
            )
    return given


def _listed(parameters: Iterable[Any]) -> list[Any]:
    if not isinstance(parameters, Iterable) or isinstance(parameters, Tensor | dict | str):
        raise TypeError(
            f"parameters must be a list; got {type(parameters).__name__}. Give model.parameters()."
        )
    return list(parameters)


def _group(group: dict[str, Any], settings: dict[str, Any]) -> ParameterGroup:
    own = {name: value for name, value in group.items() if name != "parameters"}
    unknown = sorted(own.keys() - settings.keys())
    if unknown:
        raise InputError(
            f"a group can set {', '.join(settings) or 'nothing'}; got {', '.join(unknown)}."
            + " The rate is the optimizer's: optimizer.lr." * ("lr" in unknown)
        )
    parameters = [_parameter(p) for p in _listed(group["parameters"])]
    return ParameterGroup(parameters, checked_settings({**settings, **own}))


def _parameter(p: Any) -> Any:
    """p itself, if an optimizer can move it."""
    edge = getattr(p, "edge", None)
    if edge is not None and not isinstance(edge[0], Leaf):
        raise InputError(
            f"an optimizer moves leaves only; this tensor is the result of {edge[0].operation}. "
            "Give the parameters it was computed from."
        )
    if not all(hasattr(p, name) for name in ("data", "grad", "assign")):
        raise TypeError(
            f"an optimizer needs parameters; got {type(p).__name__}. Give model.parameters(), or "
            "make one with nn.Parameter."
        )
    if p.data.dtype not in (np.float32, np.float64):
        raise InputError(
            f"parameters must be float32 or float64 to be trained; got {p.data.dtype}, in which "
            "small updates are lost. Convert the model with .to('float32')."
        )
    return p

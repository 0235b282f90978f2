"""Groups of parameters that share their settings, and the checks of both.

Callers write groups as dictionaries, {"parameters": [...], "weight_decay": 0.0}; an optimizer keeps
them as `ParameterGroup` with every setting filled in. Parameters may have names, by which their
state is saved: {"names": [...], "parameters": [...]}, or pairs as `model.named_parameters()` gives
them. Without names they are called "0", "1", ...
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from minibig.autograd import Tensor
from minibig.autograd.tensors import Leaf
from minibig.backend import InputError
from minibig.backend.checks import flag, number, refusal


@dataclass
class ParameterGroup:
    """Parameters by their names, and the keywords that their update rule gets."""

    names: list[str]
    parameters: list[Any]
    settings: dict[str, Any]

    def described(self) -> dict[str, Any]:
        """The group as JSON can hold it."""
        settings = {k: list(v) if isinstance(v, tuple) else v for k, v in self.settings.items()}
        return {"names": list(self.names), "settings": settings}


def named_group(parameters: Iterable[tuple[str, Any]], **settings: Any) -> dict[str, Any]:
    """A group as callers write it, of pairs of name and parameter.

    >>> from minibig.nn import Linear
    >>> named_group(Linear(3, 2).named_parameters(), weight_decay=0.1)["names"]
    ['weight', 'bias']
    """
    pairs = list(parameters)
    return {"names": [name for name, _ in pairs], "parameters": [p for _, p in pairs], **settings}


def decay_groups(module: Any, weight_decay: float) -> list[dict[str, Any]]:
    """The parameters of a module in two groups: matrices and embeddings decay, vectors do not.

    Biases and the gains of norms are vectors: pulling them to zero does not make a model simpler.

    >>> from minibig.nn import Linear
    >>> groups = decay_groups(Linear(3, 2), weight_decay=0.1)
    >>> [(group["names"], group["weight_decay"]) for group in groups]
    [(['weight'], 0.1), (['bias'], 0.0)]
    """
    if not hasattr(module, "named_parameters"):
        raise refusal("what decay_groups takes apart", "a module", module)
    named = list(module.named_parameters())
    groups = [
        named_group(((n, p) for n, p in named if p.ndim >= 2), weight_decay=weight_decay),
        named_group(((n, p) for n, p in named if p.ndim < 2), weight_decay=0.0),
    ]
    return [group for group in groups if group["parameters"]]


def as_groups(parameters: Iterable[Any], settings: dict[str, Any]) -> list[ParameterGroup]:
    """The groups that were given, or the one group of a plain list, with all `settings`.

    Raises:  InputError for no parameter, the same one or the same name twice, a setting out of
             range, or what is no parameter.
    """
    groups: list[ParameterGroup] = []
    for group in _dictionaries(parameters):
        groups.append(_group(group, settings, sum(len(g.parameters) for g in groups)))
    ids = [id(p) for group in groups for p in group.parameters]
    names = [name for group in groups for name in group.names]
    if not ids:
        raise InputError("an optimizer needs at least one parameter; got none.")
    if len(set(ids)) < len(ids):
        raise InputError("each parameter must be given once; one of them comes twice.")
    if len(set(names)) < len(names):
        raise InputError("parameters must have names that differ; one of them comes twice.")
    return groups


def _above_0(name: str, value: Any) -> float:
    return number(name, value, above=0)


def _decay_rate(name: str, value: Any) -> float:
    return number(name, value, 0, below=1)


def _pair(name: str, value: Any) -> tuple[float, float]:
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise refusal(name, "a pair of numbers", value)
    return _decay_rate(name, value[0]), _decay_rate(name, value[1])


_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "betas": _pair,
    "momentum": _decay_rate,
    "nesterov": flag,
    "orthogonal": flag,
    "weight_decay": lambda name, value: number(name, value, 0),
    "eps": _above_0,
    "decay": _above_0,
    "min_scale": _above_0,
    "clip": _above_0,
}


def checked_settings(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings as plain numbers, each in its range; unknown ones as they are."""
    settings = {
        name: _CHECKS[name](name, value) if name in _CHECKS else value
        for name, value in settings.items()
    }
    if settings.get("nesterov") and settings["momentum"] == 0:
        raise InputError("nesterov looks ahead along the momentum; set momentum above 0.")
    return settings


def _dictionaries(parameters: Iterable[Any]) -> list[dict[str, Any]]:
    """The groups as they were given; a plain list of parameters is one group."""
    given = _listed(parameters)
    if not any(isinstance(item, dict) for item in given):
        return [{"parameters": given}]
    for group in given:
        if not isinstance(group, dict) or "parameters" not in group:
            raise InputError(
                'give either parameters or groups, each a dictionary with "parameters"; got '
                f"{sorted(group) if isinstance(group, dict) else type(group).__name__} among them."
            )
    return given


def _listed(parameters: Iterable[Any]) -> list[Any]:
    if not isinstance(parameters, Iterable) or isinstance(parameters, Tensor | dict | str):
        raise InputError(
            f"parameters must be a list; got {type(parameters).__name__}. Give model.parameters()."
        )
    return list(parameters)


def _group(group: dict[str, Any], settings: dict[str, Any], first: int) -> ParameterGroup:
    own = {name: value for name, value in group.items() if name not in ("parameters", "names")}
    unknown = sorted(own.keys() - settings.keys())
    if unknown:
        raise InputError(
            f"a group can set {', '.join(settings) or 'nothing'}; got {', '.join(unknown)}."
            + " The learning rate is the optimizer's: optimizer.lr." * ("lr" in unknown)
        )
    parameters = _listed(group["parameters"])
    names = group.get("names")
    if names is None and parameters and all(isinstance(p, tuple) for p in parameters):
        names, parameters = map(list, zip(*parameters, strict=True))
    if names is None:
        names = [str(number) for number in range(first, first + len(parameters))]
    if len(names) != len(parameters):
        raise InputError(f"a group of {len(parameters)} parameters has {len(names)} names.")
    return ParameterGroup(
        [str(name) for name in names],
        [_parameter(p) for p in parameters],
        checked_settings({**settings, **own}),
    )


def _parameter(p: Any) -> Any:
    """p itself, if an optimizer can move it."""
    edge = getattr(p, "edge", None)
    if edge is not None and not isinstance(edge[0], Leaf):
        raise InputError(
            f"an optimizer moves leaves only; this tensor is the result of {edge[0].operation}. "
            "Give the parameters it was computed from."
        )
    if not all(hasattr(p, name) for name in ("data", "grad", "assign")):
        raise InputError(
            f"an optimizer needs parameters; got {type(p).__name__}. Give model.parameters(), or "
            "make one with nn.Parameter."
        )
    if p.data.dtype not in (np.float32, np.float64):
        raise InputError(
            f"parameters must be float32 or float64 to be trained; got {p.data.dtype}, in which "
            "small updates are lost. Convert the model with .to('float32')."
        )
    return p

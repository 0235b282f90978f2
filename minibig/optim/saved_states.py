"""States of optimizers that come from a file: brought to today's form, and compared.

    {"kind": "AdamW", "lr": 0.001,
     "groups": [{"names": ["0.weight"], "settings": {"weight_decay": 0.1, ...}}, ...],
     "steps": {"0.weight": 7}, "arrays": {"m.0.weight": ..., "v.0.weight": ...}}

In states of older versions the parameters have numbers in place of names.
"""

from collections.abc import Callable
from typing import Any

from minibig.backend import InputError, Shape
from minibig.backend.checks import shown
from minibig.optim.parameter_groups import ParameterGroup


def with_names(state: dict[str, Any], groups: list[ParameterGroup]) -> dict[str, Any]:
    """A state whose parameters have names; older versions numbered them, in the order of `groups`.

    Raises:  InputError if a numbered state has other groups, so that no order can be told.
    """
    if not isinstance(state, dict) or not isinstance(state.get("steps"), list):
        return state
    names = [name for group in groups for name in group.names]
    saved = [group.get("n_parameters") for group in state.get("groups", [])]
    ours = [len(group.parameters) for group in groups]
    if saved != ours or len(state["steps"]) != len(names):
        raise InputError(
            f"this state numbers its parameters, in groups of {saved} parameters, and the "
            f"optimizer has groups of {ours}. Build the optimizer from the same parameters, in the "
            "same groups, as when it was saved."
        )
    numbered = {str(number): name for number, name in enumerate(names)}
    arrays = {}
    for key, array in state.get("arrays", {}).items():
        kind, _, number = key.rpartition(".")
        arrays[f"{kind}.{numbered[number]}" if number in numbered else key] = array
    return {
        **state,
        "groups": [
            {"names": list(group.names), "settings": old["settings"]}
            for group, old in zip(groups, state["groups"], strict=True)
        ],
        "steps": dict(zip(names, state["steps"], strict=True)),
        "arrays": arrays,
    }


def check_fits(
    state: dict[str, Any],
    kind: str,
    groups: list[ParameterGroup],
    state_shapes: Callable[[Any, dict[str, Any]], dict[str, Shape]],
) -> None:
    """Refuse a state of another optimizer or of other parameters, with all that does not fit."""
    problems = _wrong_form(state) or [
        *_wrong_groups(state, kind, groups),
        *_wrong_arrays(state, groups, state_shapes),
    ]
    if problems:
        raise InputError(
            f"this state does not fit the {kind}: {'; '.join(problems)}. Build the optimizer from "
            "the parameters with which it was saved; those that are not to be learned can be "
            "frozen."
        )


def _wrong_form(state: Any) -> list[str]:
    """What keeps a state from being one."""
    kinds = {"kind": str, "lr": float | int, "groups": list, "steps": dict, "arrays": dict}
    if not isinstance(state, dict):
        return [f"it is no dictionary but {shown(state)}"]
    missing = [key for key in kinds if key not in state]
    if missing:
        return [f"it has no {', '.join(map(repr, missing))}"]
    wrong = [f"its {k} is {shown(state[k])}" for k in kinds if not isinstance(state[k], kinds[k])]
    if wrong:
        return wrong
    for group in state["groups"]:
        plain = isinstance(group, dict) and isinstance(group.get("settings"), dict)
        names = group.get("names") if plain else None
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            return [f"a group is {shown(group)}"]
    steps = [t for t in state["steps"].values() if type(t) is not int or t < 0]
    return [f"a parameter had {shown(t)} steps" for t in steps[:1]]


def _wrong_groups(state: dict[str, Any], kind: str, groups: list[ParameterGroup]) -> list[str]:
    """What is different about the kind, the names and the settings."""
    problems = [] if state["kind"] == kind else [f"it was saved by {shown(state['kind'])}"]
    saved = {name: group["settings"] for group in state["groups"] for name in group["names"]}
    ours = {name: group for group in groups for name in group.names}
    strange = [name for name in {**saved, **state["steps"]} if name not in ours]
    if strange:
        problems.append(f"it knows parameters that are not here: {', '.join(strange[:8])}")
    for group in groups:
        known = [saved[name] for name in group.names if name in saved]
        if any(settings != known[0] for settings in known[1:]):
            problems.append(f"the settings of {group.names[0]} and those beside it differ in it")
        if known and sorted(known[0]) != sorted(group.settings):
            problems.append(f"its settings are {', '.join(known[0])}")
    return problems


def _wrong_arrays(
    state: dict[str, Any],
    groups: list[ParameterGroup],
    state_shapes: Callable[[Any, dict[str, Any]], dict[str, Shape]],
) -> list[str]:
    """What is wrong with the arrays of a state, given its settings and numbers of updates."""
    arrays = state["arrays"]
    saved = {name: group["settings"] for group in state["groups"] for name in group["names"]}
    expected = {}
    for group in groups:
        for name, parameter in zip(group.names, group.parameters, strict=True):
            settings = {**group.settings, **saved.get(name, {})}
            if state["steps"].get(name, 0):
                for key, shape in state_shapes(parameter, settings).items():
                    expected[f"{key}.{name}"] = (tuple(shape), parameter.dtype)
    problems = [f"{name} is missing" for name in expected if name not in arrays]
    problems += [f"{name} is not expected" for name in arrays if name not in expected]
    for name, (shape, dtype) in expected.items():
        if name in arrays and (arrays[name].shape, arrays[name].dtype) != (shape, dtype):
            problems.append(
                f"{name} must be {dtype} of shape {shape}, not {arrays[name].dtype} of shape "
                f"{arrays[name].shape}"
            )
    return problems

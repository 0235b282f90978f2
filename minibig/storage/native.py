"""Models of any class under our own names: the layout where no published one fits.

config.json then says how the model is built: its class and configuration, and the parts that were
replaced in it, each as `descriptions.py` writes it. Where no description says how to build a model,
the file says just that, and whoever loads it builds the model first.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from minibig.backend import InputError, checks
from minibig.files import StorageError
from minibig.nn import Module, without_values
from minibig.settings import Settings
from minibig.storage.descriptions import (
    NOTES,
    Classes,
    class_name,
    described,
    find_class,
    is_alike,
    is_same,
    made,
    unknown_class,
)

MODEL_TYPE = "minibig"


def is_as_configured(model: Module) -> bool:
    """Whether the model is what its class makes of its configuration: no part was replaced."""
    kind, config = type(model), getattr(model, "config", None)
    if not isinstance(config, Settings):
        return False
    with without_values():
        fresh = kind(config)  # type: ignore[call-arg]
    return is_same(fresh, model)


def fields_of(model: Module) -> dict[str, Any]:
    """The fields of config.json for a model: "config" is null where it cannot be rebuilt."""
    fields: dict[str, Any] = {"model_type": MODEL_TYPE, "class": class_name(type(model))}
    try:
        own = described(model)
        arguments = own.pop("arguments", None)
        if arguments is not None and arguments.keys() == {"config"}:
            own["config"] = arguments["config"]["settings"]
        elif arguments is not None:
            own["arguments"] = arguments
        kinds = {type(each) for each in model.modules()}
        with without_values():
            if parts := _parts(model, build(fields | own, kinds)):
                own["parts"] = parts
            if is_same(build(fields | own, kinds), model):
                return fields | own
    except Exception:  # constructors that are not ours may do anything
        pass
    return fields | {"config": None}


def can_be_rebuilt(fields: Mapping[str, Any]) -> bool:
    """Whether config.json says how to build the model."""
    described = isinstance(fields.get("config"), Mapping) or isinstance(
        fields.get("arguments"), Mapping
    )
    return described or isinstance(fields.get("modules"), list)


def build(fields: Mapping[str, Any], classes: Classes = ()) -> Module:
    """The model that the fields of a config.json describe.

    Raises:  InputError if they describe none, or a class is neither imported nor given.
    """
    whole = {name: fields[name] for name in ("class", "arguments", "modules") if name in fields}
    if isinstance(fields.get("config"), Mapping):
        whole["arguments"] = {"config": {"settings": fields["config"]}}
    model = made(whole, classes)
    parts = fields.get("parts", {})
    if not isinstance(parts, Mapping):
        raise checks.refusal("parts", "descriptions by their paths", parts)
    for path, part in parts.items():
        above, _, name = path.rpartition(".")
        holder = dict(model.named_modules()).get(above)
        nowhere = InputError(f"there is no place {checks.shown(path)} for a part.")
        if holder is None or not (name.isidentifier() or name.isdecimal()):
            raise nowhere
        layer = made(part, classes)
        if name in NOTES or hasattr(type(holder), name):  # what belongs to the class
            raise nowhere
        setattr(holder, name, layer)
    return model


def cannot_be_rebuilt(name: Any, weights: Path, why: str = "") -> str:
    """The sentence for a model that its folder alone does not describe."""
    parts = name.split(".") if isinstance(name, str) and len(name) < 80 else [""]
    plain = all(part.isidentifier() for part in parts)
    why = why or (
        "the arguments of a class of your own are not kept as attributes of the same names, or "
        "parts were replaced by such"
    )
    return (
        f"The {parts[-1] if plain else checks.shown(name)} in {shown_path(weights.parent)} cannot "
        f"be rebuilt from its folder alone: {why}. To load it, build it, then "
        f'model.load_state_dict(mb.storage.load_tensors("{shown_path(weights)}")).'
    )


def shown_path(path: Path, most: int = 300) -> str:
    """A path for a sentence, cut where it is long; what does not print is escaped."""
    text = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in str(path))
    return text if len(text) <= most else f"{text[:most]}..."


def expect_known(fields: Mapping[str, Any], weights: Path, classes: Classes) -> None:
    """Raise unless the model can be built: its class is known, and its arguments are there.

    Raises:  StorageError that says how to load the weights all the same.
    """
    if not can_be_rebuilt(fields):
        raise StorageError(cannot_be_rebuilt(fields.get("class"), weights))
    if find_class(fields.get("class"), classes) is None:
        why = unknown_class(fields.get("class")).rstrip(".")
        raise StorageError(cannot_be_rebuilt(fields.get("class"), weights, why))


def _parts(model: Module, fresh: Module) -> dict[str, Any]:
    """The parts of a model that are not those of a fresh one, by path, outer ones first."""
    found: dict[str, Any] = {}
    as_built = dict(fresh.named_modules())
    for path, module in model.named_modules():
        if any(path.startswith(f"{above}.") for above in found):
            continue
        if path not in as_built or not is_alike(as_built[path], module):
            found[path] = described(module)
    return found

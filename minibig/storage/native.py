"""Models of any class under our own names: the layout where no published one fits.

config.json then holds the name of a class of minibig and its configuration. For a class of the
user's own, or a model in which layers were replaced, no configuration says how to build it: then
the file says just that, and whoever loads it builds the model first.
"""

import typing
from pathlib import Path
from typing import Any

from minibig import models
from minibig.backend import checks
from minibig.files import StorageError
from minibig.nn import Module, without_values
from minibig.settings import Settings

MODEL_TYPE = "minibig"


def is_as_configured(model: Module) -> bool:
    """Whether the model is what its class makes of its configuration: no part was replaced."""
    kind, config = type(model), getattr(model, "config", None)
    if not isinstance(config, Settings):
        return False
    with without_values():
        fresh = kind(config)  # type: ignore[call-arg]
    return _structure(fresh) == _structure(model)


def fields_of(model: Module) -> dict[str, Any]:
    """The fields of config.json for a model: "config" is null where it cannot be rebuilt."""
    kind, config = type(model), getattr(model, "config", None)
    known = _classes().get(kind.__name__) is kind and is_as_configured(model)
    return {
        "model_type": MODEL_TYPE,
        "class": kind.__name__,
        "config": config.to_json() if known and isinstance(config, Settings) else None,
    }


def build(fields: dict[str, Any], weights: Path) -> Module:
    """The model that the fields of a config.json describe.

    Raises:  StorageError that says how to load the weights where minibig cannot build the model.
    """
    name, config = fields.get("class"), fields.get("config")
    kind = _classes().get(name) if isinstance(name, str) else None
    if not isinstance(config, dict) or kind is None:
        raise StorageError(cannot_be_rebuilt(name, weights))
    hints = typing.get_type_hints(kind.__init__)
    return kind(hints["config"].of(config))  # type: ignore[call-arg]


def cannot_be_rebuilt(name: Any, weights: Path) -> str:
    """The sentence for a model that its folder alone does not describe."""
    plain = isinstance(name, str) and name.isidentifier() and len(name) < 80
    return (
        f"The {name if plain else checks.shown(name)} in {weights.parent} cannot be rebuilt from "
        "its folder alone: its class is not one of minibig.models, or parts of it were replaced. "
        "To load it, build it, then "
        f'model.load_state_dict(mb.storage.load_tensors("{weights}")).'
    )


def _classes() -> dict[str, type[Module]]:
    """The models of minibig by name."""
    found = {name: getattr(models, name) for name in models.__all__}
    return {n: c for n, c in found.items() if isinstance(c, type) and issubclass(c, Module)}


def _structure(model: Module) -> list[Any]:
    """The classes of all parts and the shapes of all tensors, by name."""
    return [
        *((name, type(module)) for name, module in model.named_modules()),
        *((name, tensor.shape) for name, tensor in model.state_dict().items()),
    ]

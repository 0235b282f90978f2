"""What a module is made of, as JSON: its class by name, and the arguments that make another one.

    {"class": "my_layers.LoRA", "arguments": {"layer": {"class": "Linear", ...}, "rank": 8}}

The arguments are those of `__init__`, each read from the attribute of the same name: numbers,
texts, modules, settings, activations. Whether a module that is made from its description is really
the same is for `is_same` to say, so nothing has to be guessed.

Nothing of a file is executed: a class is one of minibig's, one that was imported already, or one
that is given. No module is imported because a file names it.
"""

import inspect
import math
import sys
import typing
from collections.abc import Iterable, Mapping
from typing import Any

from minibig import models, nn
from minibig.autograd import Tensor
from minibig.backend import InputError, is_array
from minibig.backend.checks import refusal, shown, whole
from minibig.nn import ACTIVATIONS, Dropout, Module, ModuleList, Parameter
from minibig.settings import Settings

_LARGEST = 1 << 24  # a whole number among the arguments
_DEEPEST = 40  # descriptions within descriptions
_LONGEST = 1000  # letters of the name of a class

NOTES = frozenset({"path", "training", "_buffers"})
"""The attributes in which a module notes what it is in a model."""

Classes = Iterable[type[Module]]


def class_name(kind: type[Module]) -> str:
    """The name of a class in a file: that in minibig, or the path by which it is imported.

    >>> class_name(nn.Linear), class_name(type("LoRA", (Module,), {"__module__": "my_layers"}))
    ('Linear', 'my_layers.LoRA')
    """
    own = _own_class(kind.__name__) is kind
    return kind.__name__ if own else f"{kind.__module__}.{kind.__qualname__}"


def find_class(name: Any, given: Classes = ()) -> type[Module] | None:
    """The class of this name: one of minibig's, of those given, or of those imported; or None.

    >>> find_class("Linear") is nn.Linear, find_class("os.system"), find_class("not.imported")
    (True, None, None)
    """
    if not isinstance(name, str) or len(name) > _LONGEST:
        return None
    if own := _own_class(name):
        return own
    short = name.rpartition(".")[2]
    for kind in given:
        if short == kind.__name__:
            return kind
    return _imported(name)


def described(module: Module) -> dict[str, Any]:
    """The description of a module.

    Raises:  InputError if an argument has no attribute of its name, or cannot be written.

    >>> described(nn.Linear(2, 3))
    {'class': 'Linear', 'arguments': {'d_in': 2, 'd_out': 3, 'bias': True}}
    """
    description: dict[str, Any] = {"class": class_name(type(module))}
    if isinstance(module, ModuleList):
        return description | {"modules": [described(each) for each in module]}
    arguments = {}
    for name, parameter in _parameters(type(module)).items():
        if hasattr(module, name):
            arguments[name] = _written(name, getattr(module, name), parameter)
        elif parameter.default is parameter.empty:
            raise InputError(f"{type(module).__name__} does not keep its argument {name}.")
    return description | {"arguments": arguments}


def made(description: Any, classes: Classes = (), depth: int = 0) -> Module:
    """A module as a description says.

    Raises:  InputError if it describes none, or its class is neither imported nor given.
    """
    if not isinstance(description, Mapping) or depth > _DEEPEST:
        raise refusal("a part of a model", "a description with a class", description)
    kind = find_class(description.get("class"), classes)
    if kind is None:
        raise InputError(unknown_class(description.get("class")))
    if issubclass(kind, ModuleList):
        held = description.get("modules")
        parts = [made(each, classes, depth + 1) for each in (held if type(held) is list else [])]
        return kind(*parts) if issubclass(kind, nn.Sequential) else kind(parts)
    given, known = description.get("arguments"), _parameters(kind)
    if not isinstance(given, Mapping) or not given.keys() <= known.keys():
        raise refusal(f"the arguments of {kind.__name__}", f"some of {', '.join(known)}", given)
    arguments = {n: _read(v, kind, n, classes, depth + 1) for n, v in given.items()}
    try:
        return kind(**arguments)
    except (InputError, MemoryError):
        raise
    except Exception as error:  # of a constructor that is not ours
        raise InputError(f"{kind.__name__} cannot be made: {shown(error)}.") from error


def unknown_class(name: Any) -> str:
    """The sentence for a class that a file names and nobody knows."""
    short = name.rpartition(".")[2] if isinstance(name, str) else "Layer"
    plain = short if short.isidentifier() and len(short) < 80 else "Layer"
    return (
        f"its class {shown(name)} is not imported. Import it before, or give it: "
        f"mb.load(folder, classes=[{plain}])."
    )


def is_same(fresh: Module, model: Module) -> bool:
    """Whether a model is what another is: its parts by name, their settings, all tensors.

    >>> is_same(nn.Linear(2, 3), nn.Linear(2, 3)), is_same(nn.LeakyReLU(0.1), nn.LeakyReLU(0.2))
    (True, False)
    """
    ours, theirs = dict(fresh.named_modules()), dict(model.named_modules())
    if ours.keys() != theirs.keys() or _shapes(fresh) != _shapes(model):
        return False
    return all(is_alike(ours[path], theirs[path]) for path in ours)


def is_alike(fresh: Module, module: Module) -> bool:
    """Whether a module by itself is what another is: its class, its settings, its own tensors.

    What is kept beside the attributes of the fresh one, such as notes, is no matter, unless it
    stands for something of the class, such as another `forward`.
    """
    if type(fresh) is not type(module):
        return False
    added = vars(module).keys() - vars(fresh).keys() - NOTES
    if any(hasattr(type(module), name) for name in added):
        return False
    own = {n: v.shape for n, v in vars(fresh).items() if isinstance(v, Tensor)}
    held = {n: v.shape for n, v in vars(module).items() if isinstance(v, Tensor)}
    settings = settings_of(module)
    return own == held and all(
        name in settings and _equal(value, settings[name])
        for name, value in settings_of(fresh).items()
    )


def settings_of(module: Module) -> dict[str, Any]:
    """What a module holds besides weights and modules: numbers, texts, functions, constants.

    >>> settings_of(nn.Linear(2, 3))
    {'d_in': 2, 'd_out': 3}
    """
    beside = NOTES.union(vars(module).get("_buffers", ()))
    return {
        name: value.tolist() if is_array(value) or isinstance(value, Tensor) else value
        for name, value in vars(module).items()
        if name not in beside and not isinstance(value, Parameter | Module)
    }


def _shapes(model: Module) -> dict[str, Any]:
    return {name: tensor.shape for name, tensor in model.state_dict().items()}


def _equal(a: Any, b: Any) -> bool:
    try:
        return a is b or (type(a) is type(b) and bool(a == b))
    except Exception:  # of objects that are not ours
        return False


def _own_class(name: str) -> type[Module] | None:
    """The model or layer of minibig of this name."""
    for room in (models, nn):
        kind = getattr(room, name) if name in room.__all__ else None
        if isinstance(kind, type) and issubclass(kind, Module):
            return kind
    return None


def _imported(name: str) -> type[Module] | None:
    """A class that stands in a module that is there already; no attribute is computed for it."""
    parts = name.split(".")
    for i in range(len(parts) - 1, 0, -1):
        held: Any = sys.modules.get(".".join(parts[:i]))
        if held is None:
            continue
        for part in parts[i:]:
            held = (
                vars(held).get(part) if isinstance(held, type) or inspect.ismodule(held) else None
            )
        return held if isinstance(held, type) and issubclass(held, Module) else None
    return None


def _parameters(kind: type[Module]) -> dict[str, inspect.Parameter]:
    """The arguments of a constructor by name, without self."""
    own = kind.__init__
    found = (
        {} if own is object.__init__ else dict(list(inspect.signature(own).parameters.items())[1:])
    )
    variable = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return {name: each for name, each in found.items() if each.kind not in variable}


def _written(name: str, value: Any, parameter: inspect.Parameter) -> Any:
    """An argument as JSON holds it."""
    if isinstance(value, Module) and not isinstance(value, Dropout):
        return described(value)
    if isinstance(value, Dropout):  # of layers that take the share as an argument
        return value.p if isinstance(parameter.default, float) else described(value)
    if isinstance(parameter.default, bool) and (value is None or isinstance(value, Parameter)):
        return value is not None  # whether there is a bias
    if isinstance(value, Settings):
        return {"settings": value.to_json()}
    for known, function in ACTIVATIONS.items():
        if value is function:
            return {"activation": known}
    if value is None or type(value) in (bool, int, str):
        return value
    if type(value) is float and math.isfinite(value):
        return value
    raise InputError(f"the argument {name} cannot be written: {shown(value)}.")


def _read(value: Any, kind: type[Module], name: str, classes: Classes, depth: int) -> Any:
    """The argument that JSON holds; a size that no layer has is refused before it is allocated."""
    if type(value) is int:
        return whole(f"{name} of {kind.__name__}", value, -_LARGEST, _LARGEST)
    if not isinstance(value, Mapping):
        return value
    if value.keys() == {"activation"}:
        return nn.activation(value["activation"])
    if value.keys() == {"settings"}:
        expected = typing.get_type_hints(kind.__init__).get(name)
        if not (isinstance(expected, type) and issubclass(expected, Settings)):
            raise InputError(f"{kind.__name__} takes no settings as {name}.")
        return expected.of(value["settings"])
    return made(value, classes, depth)

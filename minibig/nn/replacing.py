"""Changing what a finished model is made of: layers replaced, parameters frozen.

Adapters, quantized and masked layers come into a model this way, whatever the model is.
"""

from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from typing import Any

from minibig.backend import InputError
from minibig.backend.checks import hint, instance, refusal, shown, text
from minibig.nn.capturing import are_kinds, layer_at, names_of
from minibig.nn.module import Module
from minibig.nn.parameter import Parameter


def replace(model: Module, path: str, module: Module) -> None:
    """Put `module` in the place of the layer called `path`, wherever the model holds that layer.

    It takes over the layer's path and mode (training or evaluation), for all that is below it, too.

    Raises:  InputError if there is no such layer, or if `module` is none.

    >>> model = mb.nn.Sequential(mb.nn.Linear(2, 3), mb.nn.ReLU())
    >>> replace(model, "1", mb.nn.Tanh())
    >>> model
    Sequential(
      0: Linear(2, 3, bias=True)
      1: Tanh()
    )
    """
    modules = dict(instance("model", model, Module).named_modules())
    instance("module", module, Module)
    if text("path", path, empty=True) == "":
        raise InputError("the model itself cannot be replaced in itself; path is that of a layer.")
    old = layer_at(model, path)
    if old is None:
        raise InputError(f"there is no layer {shown(path)}; {hint(path, filter(None, modules))}")
    new = {id(part) for part in module.modules()}
    places = [
        (holder, name)
        for holder in modules.values()
        for name, child in holder.named_children()
        if child is old and id(holder) not in new
    ]
    if not places or id(model) in new:
        raise InputError(f"what is put in the place of {shown(path)} holds all that holds it.")
    for holder, name in places:
        setattr(holder, name, module)
    for below, part in model.named_modules(model.path or ""):  # a shared part has its first path
        if id(part) in new:
            vars(part).update(path=below if old.path is not None else None, training=old.training)


def replace_all(
    model: Module, kind: type[Module] | tuple[type[Module], ...], make: Callable[[str, Any], Module]
) -> list[str]:
    """Replace each layer of a kind by make(path, layer); returns the paths of those replaced.

    Where `make` returns the layer itself, nothing changes. What lies below a layer that is replaced
    is left alone. If `make` fails for one layer, none is replaced.

    Raises:  InputError if there is no such layer, or if `make` returns no module.

    >>> model = mb.nn.Sequential(mb.nn.Linear(2, 3), mb.nn.ReLU(), mb.nn.Linear(3, 1))
    >>> replace_all(model, mb.nn.ReLU, lambda path, layer: mb.nn.Tanh())
    ['1']
    """
    instance("model", model, Module)
    if not are_kinds(kind):
        raise refusal("kind", "a class of layers, such as nn.Linear", kind)
    if isinstance(make, Module) or not callable(make):
        raise refusal("make", "a function (path, layer) -> module", make)
    layers = {p: m for p, m in model.named_modules() if isinstance(m, kind) and m is not model}
    if not layers:
        raise InputError(f"there is no layer of the class {names_of(kind)} to be replaced.")
    made: dict[str, Module] = {}
    for path, layer in layers.items():
        if any(path.startswith(f"{above}.") for above in made):
            continue
        new = instance(f"what make returns for {path}", make(path, layer), Module)
        if new is not layer:
            made[path] = new
    for path, new in made.items():  # only when all of them are there
        replace(model, path, new)
    return list(made)


def freeze(model: Module, pattern: str = "*") -> list[str]:
    """Let the parameters whose names fit the pattern no longer be learned; returns their names.

    * stands for any characters: "blocks.0.*", "*.bias". A frozen parameter gets no gradient, so
    every optimizer leaves it as it is, weight decay included.

    Raises:  InputError if no name fits.

    >>> model = mb.nn.Sequential(mb.nn.Linear(2, 3), mb.nn.Linear(3, 1))
    >>> freeze(model, "0.*")
    ['0.weight', '0.bias']
    """
    return _set_learned(model, pattern, False)


def unfreeze(model: Module, pattern: str = "*") -> list[str]:
    """Let the parameters whose names fit the pattern be learned again; returns their names.

    Raises:  InputError if no name fits.
    """
    return _set_learned(model, pattern, True)


def _set_learned(model: Module, pattern: str, learned: bool) -> list[str]:
    instance("model", model, Module)
    text("pattern", pattern)
    fitting = dict(_fitting(model, pattern))
    if not fitting:
        known = (name for name, _ in model.named_parameters())
        raise InputError(f"there is no parameter {shown(pattern)}; {hint(pattern, known)}")
    for parameter in fitting.values():
        parameter.requires_grad = learned
    return list(fitting)


def _fitting(model: Module, pattern: str) -> Iterator[tuple[str, Parameter]]:
    return (item for item in model.named_parameters() if fnmatchcase(item[0], pattern))

"""What goes in and out of the layers of a model while it computes."""

from contextlib import ContextDecorator
from fnmatch import fnmatchcase

from minibig.backend import InputError
from minibig.backend.checks import hint, instance, refusal, shown
from minibig.nn.module import Calls, Module, captures

Which = type[Module] | tuple[type[Module], ...] | str


class captured(ContextDecorator):
    """Within it the calls of layers are collected: path -> list of (inputs, output), in order.

    `which` is a class of layers, or a path with * for any characters, such as "blocks.*.attention".
    `inputs` is a tuple of everything that the layer was called with. Only calls in this thread
    count; nothing is copied, and the model keeps nothing afterwards.

    Raises:  InputError if no layer is meant.

    >>> model = mb.nn.Sequential(mb.nn.Linear(2, 3), mb.nn.ReLU())
    >>> with captured(model, mb.nn.Linear) as seen:
    ...     y = model(mb.ones((1, 2)))
    >>> {path: [output.shape for _, output in calls] for path, calls in seen.items()}
    {'0': [(1, 3)]}
    """

    def __init__(self, model: Module, which: Which):
        modules = dict(instance("model", model, Module).named_modules())
        if not (isinstance(which, str) or are_kinds(which)):
            raise refusal("which", "a class of layers, or a path such as 'blocks.*.up'", which)
        if isinstance(which, str) and (layer := layer_at(model, which)):
            modules[which] = layer  # of several names of a shared layer, the one that was asked for
        layers = {path: m for path, m in modules.items() if _is_meant(path, m, which)}
        if not layers:
            raise _nothing_meant(model, which)
        self._seen: dict[str, Calls] = {path: [] for path in layers}
        self._own = {id(module): self._seen[path] for path, module in layers.items()}

    def __enter__(self) -> dict[str, Calls]:
        captures.under_way = (*captures.under_way, self._own)
        return self._seen

    def __exit__(self, *error: object) -> None:
        others: tuple[dict[int, Calls], ...] = ()  # if Ctrl-C comes here, too
        try:
            others = tuple([calls for calls in captures.under_way if calls is not self._own])
        finally:
            captures.under_way = others


def _is_meant(path: str, module: Module, which: Which) -> bool:
    if isinstance(which, str):
        return fnmatchcase(path, which)
    return isinstance(module, which)


def _nothing_meant(model: Module, which: Which) -> InputError:
    if isinstance(which, str):
        paths = (path for path, _ in model.named_modules() if path)
        return InputError(f"there is no layer {shown(which)}; {hint(which, paths)}")
    return InputError(f"there is no {names_of(which)} in this {type(model).__name__}.")


def names_of(kinds: type[Module] | tuple[type[Module], ...]) -> str:
    """The names of classes, for a sentence.

    >>> names_of((mb.nn.Linear, mb.nn.ReLU))
    'Linear or ReLU'
    """
    several = kinds if isinstance(kinds, tuple) else (kinds,)
    return " or ".join(kind.__name__ for kind in several)


def layer_at(model: Module, path: str) -> Module | None:
    """The layer that is called `path` in a model, by any of the names of a shared one; or None.

    >>> layer = mb.nn.ReLU()
    >>> layer_at(mb.nn.Sequential(layer, layer), "1") is layer, layer_at(layer, "1")
    (True, None)
    """
    found: Module | None = model
    for name in path.split(".") if path else ():
        found = dict(found.named_children()).get(name) if found is not None else None
    return found


def are_kinds(value: object) -> bool:
    """Whether the value is a class, or a tuple of classes, as `isinstance` takes them."""
    several = value if isinstance(value, tuple) else (value,)
    return bool(several) and all(isinstance(kind, type) for kind in several)

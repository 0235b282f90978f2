"""What goes in and out of the layers of a model while it computes."""

from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase

from minibig.backend import InputError
from minibig.backend.checks import hint, shown
from minibig.nn.module import Calls, Module, captures

Which = type[Module] | tuple[type[Module], ...] | str


@contextmanager
def captured(model: Module, which: Which) -> Iterator[dict[str, Calls]]:
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
    modules = dict(model.named_modules())
    layers = {path: m for path, m in modules.items() if _is_meant(path, m, which)}
    if not layers:
        raise _nothing_meant(model, which)
    seen: dict[str, Calls] = {path: [] for path in layers}
    own = {id(module): seen[path] for path, module in layers.items()}
    captures.under_way = (*captures.under_way, own)
    try:
        yield seen
    finally:
        captures.under_way = tuple(calls for calls in captures.under_way if calls is not own)


def _is_meant(path: str, module: Module, which: Which) -> bool:
    if isinstance(which, str):
        return fnmatchcase(path, which)
    return isinstance(module, which)


def _nothing_meant(model: Module, which: Which) -> InputError:
    if isinstance(which, str):
        paths = (path for path, _ in model.named_modules() if path)
        return InputError(f"there is no layer {shown(which)}; {hint(which, paths)}")
    kinds = which if isinstance(which, tuple) else (which,)
    names = " or ".join(kind.__name__ for kind in kinds)
    return InputError(f"there is no {names} in this {type(model).__name__}.")

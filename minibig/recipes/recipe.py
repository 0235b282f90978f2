"""What makes a function a recipe: it takes one record of settings, by which its runs name it.

    @takes(Pretraining)
    def pretrain(settings: Pretraining, ...) -> PretrainingResult: ...

That is all that a recipe declares; `write_record` writes its name into the folder of a run.
"""

import functools
import inspect
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from minibig.backend import InputError
from minibig.settings import Settings, types_of

_P = ParamSpec("_P")
_R = TypeVar("_R")
_RECIPES: dict[type[Settings], str] = {}  # kind of settings -> name of the function that takes it


def takes(kind: type[Settings]) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
    """A recipe takes its settings as one record of `kind`; other calls are refused with the way to.

    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True, kw_only=True)
    ... class Counting(Settings):
    ...     steps: int = 3
    >>> @takes(Counting)
    ... def count(settings: Counting) -> list[int]:
    ...     return list(range(settings.steps))
    >>> count(Counting(steps=2)), recipe_of(Counting())
    ([0, 1], 'count')
    >>> count(steps=2)
    Traceback (most recent call last):
    minibig.backend.errors.InputError: count takes its settings as one record: \
count(Counting(steps=...)).
    """

    def checked(recipe: Callable[_P, _R]) -> Callable[_P, _R]:
        _RECIPES[kind] = recipe.__name__
        known = inspect.signature(recipe).parameters

        @functools.wraps(recipe)
        def call(*args: _P.args, **given: _P.kwargs) -> _R:
            settings = args[0] if args else given.get("settings")
            strange = [name for name in given if name not in known]
            if not isinstance(settings, kind) or len(args) > 1 or strange:
                name = strange[0] if strange else next(iter(types_of(kind)))
                raise InputError(
                    f"{recipe.__name__} takes its settings as one record: "
                    f"{recipe.__name__}({kind.__name__}({name}=...))."
                )
            return recipe(*args, **given)

        return call

    return checked


def recipe_of(settings: Settings) -> str:
    """The name of the recipe that takes such settings."""
    return _RECIPES[type(settings)]

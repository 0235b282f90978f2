"""Settings of a thread: attributes that have another value while a block or a function runs.

What holds for Ctrl-C, and for other exceptions that arrive from outside at any time: CPython raises
them where a function begins, after a call, and at the end of a round of a loop, never between two
assignments. So what `call_with` changes, which is how the engine changes settings for itself, and
what a switch above a function changes, is restored whatever happens. A block `with mb.no_grad():`
is restored as well, but for one place: an exception that arrives after the last call in the block
is raised as Python enters `__exit__`, before the first line there.
"""

import functools
import inspect
import threading
from collections.abc import Callable, Iterator
from typing import Any, TypeVar, cast

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")


class ThreadState(threading.local):
    """Settings, each an attribute of its own; every thread begins with those of `__init__`."""

    def call_with(self, function: Callable[..., T], *arguments: Any, **settings: Any) -> T:
        """function(*arguments), while some settings are others."""
        before = {name: self.__dict__[name] for name in settings}
        try:
            self.__dict__.update(settings)
            return function(*arguments)
        finally:
            self.__dict__.update(before)


class Switch(threading.local):
    """One setting of this thread: changed within `with`, or within a function (as a decorator).

    One object can be entered any number of times, also within itself and by several threads.
    """

    def __init__(self, state: ThreadState, name: str, value: Any):
        self.state = state
        self.name = name
        self.value = value
        self.before: list[Any] = []

    def __enter__(self) -> None:
        self.before.append(self.state.__dict__[self.name])
        self.state.__dict__[self.name] = self.value

    def __exit__(self, *error: object) -> None:
        self.state.__dict__[self.name] = self.before[-1]
        self.before.pop()

    def call(self, function: Callable[..., T], *arguments: Any, **keywords: Any) -> T:
        """The result of the function, called within it."""
        bound = functools.partial(function, *arguments, **keywords)
        return self.state.call_with(bound, **{self.name: self.value})

    def __call__(self, function: F) -> F:
        if inspect.isgeneratorfunction(function):
            return cast("F", self._around_each_step(function))

        @functools.wraps(function)
        def switched(*arguments: Any, **keywords: Any) -> Any:
            return self.call(function, *arguments, **keywords)

        return cast("F", switched)

    def _around_each_step(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """A generator function whose steps run with the setting; its caller's code does not."""

        @functools.wraps(function)
        def switched(*arguments: Any, **keywords: Any) -> Iterator[Any]:
            generator = function(*arguments, **keywords)
            step: Callable[[], Any] = functools.partial(next, generator)
            while True:
                try:
                    value = self.call(step)
                except StopIteration as end:
                    return end.value
                try:
                    step = functools.partial(generator.send, (yield value))
                except BaseException as error:
                    step = functools.partial(generator.throw, error)

        return switched

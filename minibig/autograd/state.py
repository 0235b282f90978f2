"""What is switched on in this thread: recording, kernels, how deep functional forms nest.

What holds for Ctrl-C, and for other exceptions that arrive from outside at any time: CPython raises
them where a function begins, after a call, and at the end of a round of a loop, never between two
assignments. So what `call` changes, which is how the engine changes settings for itself, and what
`@mb.no_grad()` above a function changes, is restored whatever happens. A block `with mb.no_grad():`
is restored as well, but for one place: an exception that arrives after the last call in the block
is raised as Python enters `__exit__`, before the first line there.
"""

import functools
import inspect
import os
import threading
from collections.abc import Callable, Iterator
from typing import Any, TypeVar, cast

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")


class _State(threading.local):
    def __init__(self) -> None:
        self.recording = True  # operations make nodes
        self.kernels = os.environ.get("MINIBIG_KERNELS", "on") != "off"
        self.nesting = 0  # how many functional forms (vjp, grad, ...) are under way around this one
        self.recomputing = False  # a checkpoint: for what must count once


state = _State()


def call(function: Callable[..., T], *arguments: Any, **settings: Any) -> T:
    """function(*arguments), while `state` has other settings."""
    before = {name: state.__dict__[name] for name in settings}
    try:
        state.__dict__.update(settings)
        return function(*arguments)
    finally:
        state.__dict__.update(before)


class Switch(threading.local):
    """One setting of this thread: changed within `with`, or within a function (as a decorator).

    One object can be entered any number of times, also within itself and by several threads.
    """

    def __init__(self, name: str, value: bool):
        self.name = name
        self.value = value
        self.before: list[bool] = []

    def __enter__(self) -> None:
        self.before.append(getattr(state, self.name))
        state.__dict__[self.name] = self.value

    def __exit__(self, *error: object) -> None:
        state.__dict__[self.name] = self.before[-1]
        self.before.pop()

    def __call__(self, function: F) -> F:
        if inspect.isgeneratorfunction(function):
            return cast("F", self._around_each_step(function))

        @functools.wraps(function)
        def switched(*arguments: Any, **keywords: Any) -> Any:
            return self._call(functools.partial(function, *arguments, **keywords))

        return cast("F", switched)

    def _call(self, function: Callable[[], Any]) -> Any:
        return call(function, **{self.name: self.value})

    def _around_each_step(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """A generator function whose steps run with the setting; its caller's code does not."""

        @functools.wraps(function)
        def switched(*arguments: Any, **keywords: Any) -> Iterator[Any]:
            generator = function(*arguments, **keywords)
            step: Callable[[], Any] = functools.partial(next, generator)
            while True:
                try:
                    value = self._call(step)
                except StopIteration as end:
                    return end.value
                try:
                    step = functools.partial(generator.send, (yield value))
                except BaseException as error:
                    step = functools.partial(generator.throw, error)

        return switched


def no_grad() -> Switch:
    """Within it no operation is recorded: results are constants, and memory goes at once.

    It stands after `with`, or above a function as `@mb.no_grad()`.

    >>> x = mb.tensor([2.0], requires_grad=True)
    >>> with mb.no_grad():
    ...     y = x * x
    >>> y.requires_grad
    False
    """
    return Switch("recording", False)


def enable_grad() -> Switch:
    """Within it operations are recorded, also inside `no_grad`."""
    return Switch("recording", True)


def reference() -> Switch:
    """Within it every operation is its formula, and no kernel is used.

    >>> x = mb.tensor([[1.0, 2.0, 6.0]])
    >>> with mb.reference():
    ...     y = mb.layer_norm(x)
    >>> float(abs(y - mb.layer_norm(x)).max()) < 1e-6
    True
    """
    return Switch("kernels", False)

"""Evaluation of a model: no dropout, nothing recorded, and afterwards everything as before."""

from collections import deque
from contextlib import ContextDecorator
from itertools import repeat
from typing import Any

from minibig.autograd.state import state
from minibig.backend.checks import instance
from minibig.nn.module import Module


class evaluating(ContextDecorator):
    """Within it no dropout is active and nothing is recorded; then each module is as before.

    Exceptions from outside, such as Ctrl-C, change nothing in this; `autograd/state.py` says for
    which one place in CPython that does not hold.

    Raises:  InputError for what is no module.

    >>> from minibig.nn import Dropout
    >>> layer = Dropout(0.5)
    >>> with evaluating(layer):
    ...     inside = layer.training
    >>> inside, layer.training
    (False, True)
    """

    def __init__(self, model: Any):
        self._model = instance("model", model, Module)
        self._before: list[tuple[list[dict[str, Any]], bool]] = []

    def __enter__(self) -> None:
        active = [vars(module) for module in self._model.modules() if module.training]
        self._before.append((active, state.recording))
        try:
            state.__dict__["recording"] = False
            _set_training(active, False)
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *error: object) -> None:
        active, recording = self._before[-1]
        state.__dict__["recording"] = recording
        _set_training(active, True)
        self._before.pop()


def _set_training(attributes: list[dict[str, Any]], mode: bool) -> None:
    """Set the mode of all modules at once: no exception from outside comes in between."""
    deque(map(dict.__setitem__, attributes, repeat("training"), repeat(mode)), maxlen=0)

"""Evaluation of a model: no dropout, nothing recorded, and afterwards everything as before."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from minibig.autograd import no_grad


@contextmanager
def evaluating(model: Any) -> Iterator[None]:
    """Within it no dropout is active and nothing is recorded; then each module is as before.

    >>> from minibig.nn import Dropout
    >>> layer = Dropout(0.5)
    >>> with evaluating(layer):
    ...     inside = layer.training
    >>> inside, layer.training
    (False, True)
    """
    before = [(module, module.training) for _, module in model.named_modules()]
    try:
        for module, mode in before:
            if mode:
                module.training = False
        with no_grad():
            yield
    finally:
        for module, mode in before:
            if module.training != mode:
                module.training = mode

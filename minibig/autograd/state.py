"""What is switched on in this thread: recording, kernels, and how deep functional forms nest."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

class _State(threading.local):
    recording = True
    kernels = os.environ.get("MINIBIG_KERNELS", "on") != "off"
    nesting = 0

state = _State()

@contextmanager
def no_grad() -> Iterator[None]:
    """Within it no operation is recorded: results are constants, and memory goes at once.

    >>> x = mb.tensor([2.0], requires_grad=True)
    >>> with mb.no_grad():
    ...     y = x * x
    >>> y.requires_grad
    False
    """
    with _setting("recording", False):
        yield

@contextmanager
def enable_grad() -> Iterator[None]:
    """Within it operations are recorded, also inside `no_grad`."""
    with _setting("recording", True):
        yield

@contextmanager
def reference() -> Iterator[None]:
    """Within it every operation is its formula, and no kernel is used.

    >>> x = mb.tensor([[1.0, 2.0, 6.0]])
    >>> with mb.reference():
    ...     y = mb.layer_norm(x)
    >>> bool(abs(y - mb.layer_norm(x)).max().item() < 1e-6)
    True
    """
    with _setting("kernels", False):
        yield

@contextmanager
def nested() -> Iterator[bool]:
    """One functional form deeper; says whether another one is already under way around it."""
    with _setting("nesting", state.nesting + 1):
        yield state.nesting > 1

@contextmanager
def _setting(name: str, value: object) -> Iterator[None]:
    before = getattr(state, name)
    setattr(state, name, value)
    try:
        yield
    finally:
        setattr(state, name, before)

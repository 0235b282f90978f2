"""What is switched on in this thread: recording, kernels, and how deep functional forms nest."""

import os
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

class _State(threading.local):
    recording = True
    kernels = os.environ.get("MINIBIG_KERNELS", "on") != "off"
    nesting = 0

state = _State()

def no_grad() -> AbstractContextManager[None]:
    """Within it no operation is recorded: results are constants, and memory goes at once.

    >>> x = mb.tensor([2.0], requires_grad=True)
    >>> with mb.no_grad():
    ...     y = x * x
    >>> y.requires_grad
    False
    """
    return _setting("recording", False)

def enable_grad() -> AbstractContextManager[None]:
    """Within it operations are recorded, also inside `no_grad`."""
    return _setting("recording", True)

def reference() -> AbstractContextManager[None]:
    """Within it every operation is its formula, and no kernel is used.

    >>> x = mb.tensor([[1.0, 2.0, 6.0]])
    >>> with mb.reference():
    ...     y = mb.layer_norm(x)
    >>> float(abs(y - mb.layer_norm(x)).max()) < 1e-6
    True
    """
    return _setting("kernels", False)

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

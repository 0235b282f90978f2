"""What is switched on in this thread: recording, kernels, and how deep functional forms nest."""

import os
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

class _State(threading.local):
    def __init__(self) -> None:
        self.recording, self.nesting = True, 0
        self.kernels = os.environ.get("MINIBIG_KERNELS", "on") != "off"

state = _State()

@contextmanager
def _with(**settings: Any) -> Iterator[None]:
    before = {name: getattr(state, name) for name in settings}
    vars(state).update(settings)
    try:
        yield
    finally:
        vars(state).update(before)

def no_grad() -> AbstractContextManager[None]:
    """Within it no operation is recorded: results are constants, and memory goes at once.

    >>> x = mb.tensor([2.0], requires_grad=True)
    >>> with mb.no_grad():
    ...     y = x * x
    >>> y.requires_grad
    False
    """
    return _with(recording=False)

def enable_grad() -> AbstractContextManager[None]:
    """Within it operations are recorded, also inside `no_grad`."""
    return _with(recording=True)

def reference() -> AbstractContextManager[None]:
    """Within it every operation is its formula, and no kernel is used.

    >>> x = mb.tensor([[1.0, 2.0, 6.0]])
    >>> with mb.reference():
    ...     y = mb.layer_norm(x)
    >>> float(abs(y - mb.layer_norm(x)).max()) < 1e-6
    True
    """
    return _with(kernels=False)

def nested() -> AbstractContextManager[None]:
    """Within it a functional form is under way, and operations are recorded."""
    return _with(nesting=state.nesting + 1, recording=True)

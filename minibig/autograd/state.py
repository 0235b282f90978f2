"""What is switched on in this thread: recording, kernels, how deep functional forms nest."""

from minibig.backend.thread_state import Switch, ThreadState
from minibig.required import KERNELS


class _State(ThreadState):
    def __init__(self) -> None:
        self.recording = True  # operations make nodes
        self.kernels = KERNELS != "off"
        self.nesting = 0  # how many functional forms (vjp, grad, ...) are under way around this one
        self.recomputing = False  # a checkpoint: for what must count once


state = _State()


def no_grad() -> Switch:
    """Within it no operation is recorded: results are constants, and memory goes at once.

    It stands after `with`, or above a function as `@mb.no_grad()`.

    >>> x = mb.tensor([2.0], requires_grad=True)
    >>> with mb.no_grad():
    ...     y = x * x
    >>> y.requires_grad
    False
    """
    return Switch(state, "recording", False)


def enable_grad() -> Switch:
    """Within it operations are recorded, also inside `no_grad`."""
    return Switch(state, "recording", True)


def reference() -> Switch:
    """Within it every operation is its formula, and no kernel is used.

    >>> x = mb.tensor([[1.0, 2.0, 6.0]])
    >>> with mb.reference():
    ...     y = mb.layer_norm(x)
    >>> float(abs(y - mb.layer_norm(x)).max()) < 1e-6
    True
    """
    return Switch(state, "kernels", False)

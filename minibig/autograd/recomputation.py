"""Whether a checkpointed function is being computed again, for what must count once only."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class _Thread(threading.local):
    recomputes = False


_thread = _Thread()


def is_recomputing() -> bool:
    """Whether the backward pass of this thread is computing a checkpointed function again."""
    return _thread.recomputes


@contextmanager
def recomputation() -> Iterator[None]:
    """Within it a checkpointed function is computed again."""
    before, _thread.recomputes = _thread.recomputes, True
    try:
        yield
    finally:
        _thread.recomputes = before

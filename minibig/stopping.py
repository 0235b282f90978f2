"""Stopping early: work that takes long asks, wherever it could end, whether it should.

    for batch in batches:
        stop_if_requested()
        ...

Whoever runs the work decides what a request is, such as a signal; without one nothing happens.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class StopRequested(Exception):
    """The work under way was asked to stop."""


class _Requests(threading.local):
    is_stopped: Callable[[], bool] | None = None


_requests = _Requests()


@contextmanager
def stoppable(is_stopped: Callable[[], bool]) -> Iterator[None]:
    """Within it, in this thread, `stop_if_requested` raises as soon as `is_stopped()` is true.

    >>> with stoppable(lambda: True):
    ...     stop_if_requested()
    Traceback (most recent call last):
    minibig.stopping.StopRequested
    """
    before = _requests.is_stopped
    _requests.is_stopped = is_stopped
    try:
        yield
    finally:
        _requests.is_stopped = before


def stop_if_requested() -> None:
    """Raise StopRequested if somebody asked for it; called between batches and between tokens."""
    if _requests.is_stopped is not None and _requests.is_stopped():
        raise StopRequested

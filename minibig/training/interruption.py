"""Ctrl-C and SIGTERM during a run: the first asks it to stop at a good moment, the second ends it.

Python's own way, an exception in whichever line is being executed, could tear a step apart. Here
the signal only leaves a note, and the loop reads it between steps. Other threads than the main one
cannot handle signals; a run there is left to whoever started it.
"""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(Exception):
    """A run was stopped by a signal, after its state was saved.

    >>> Interrupted(2).exit_code
    130
    """

    def __init__(self, signal_number: int) -> None:
        name = signal.Signals(signal_number).name
        super().__init__(
            f"the run was stopped by {name} and its state is saved; the same command goes on."
        )
        self.signal_number = int(signal_number)

    @property
    def exit_code(self) -> int:
        """What a shell expects of a process that a signal ended."""
        return 128 + self.signal_number


class StopRequest:
    """The note that a signal leaves: its number, or None."""

    signal_number: int | None = None

    def receive(self, signal_number: int, frame: FrameType | None) -> None:
        """Take note of the first signal; end the process at once with the second."""
        if self.signal_number is not None:
            os._exit(128 + signal_number)
        self.signal_number = signal_number


@contextmanager
def stop_on_signals() -> Iterator[StopRequest]:
    """Within it SIGINT and SIGTERM leave a note; afterwards they do what they did before."""
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return
    before = {number: signal.signal(number, request.receive) for number in _SIGNALS}
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)

"""Ctrl-C, SIGTERM and SIGHUP in a run: the first asks it to stop soon, the second ends it at once.

Python's own way, an exception in whichever line is being executed, could tear a step apart. Here
the signal only sets a number. The loop asks for it between steps; a step, an evaluation or a sample
that takes longer than another second is given up, between two batches or two tokens, and made again
when the run goes on. Other threads than the main one cannot handle signals; a run there is left to
whoever started it. SIGHUP is what a terminal sends that is closed.
"""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from minibig.stopping import stoppable

_SIGNALS = [signal.SIGINT, signal.SIGTERM]
if hasattr(signal, "SIGHUP"):  # Windows has none
    _SIGNALS.append(signal.SIGHUP)
_PATIENCE = 1.0  # seconds in which a step, an evaluation or a sample may end


class Interrupted(Exception):
    """A run was stopped by a signal, after its state was saved.

    `is_late` says that this took its time: whoever catches it should add little.

    >>> Interrupted(2).exit_code
    130
    """

    def __init__(self, signal_number: int, *, is_late: bool = False) -> None:
        name = signal.Signals(signal_number).name
        super().__init__(
            f"the run was stopped by {name} and its state is saved; the same command goes on."
        )
        self.signal_number = int(signal_number)
        self.is_late = is_late

    @property
    def exit_code(self) -> int:
        """What a shell expects of a process that a signal ended."""
        return 128 + self.signal_number


class StopRequest:
    """The number of the signal that came, or None."""

    signal_number: int | None = None
    _time: float = 0.0

    def is_urgent(self) -> bool:
        """Whether a signal came, and what was under way had its time to end."""
        return self.signal_number is not None and time.monotonic() - self._time >= _PATIENCE

    def receive(self, signal_number: int, frame: FrameType | None) -> None:
        """Keep the number of the first signal; end the process at once with the second."""
        if self.signal_number is not None:
            os._exit(128 + signal_number)
        self.signal_number, self._time = signal_number, time.monotonic()


@contextmanager
def stop_on_signals() -> Iterator[StopRequest]:
    """Within it the signals make a request; afterwards they do what they did before.

    A signal that is ignored, as SIGINT is in what a shell runs in the background, stays ignored.
    """
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return
    heeded = [n for n in _SIGNALS if signal.getsignal(n) is not signal.SIG_IGN]
    before = {number: signal.signal(number, request.receive) for number in heeded}
    try:
        with stoppable(request.is_urgent):
            yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)

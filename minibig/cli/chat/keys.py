"""What a person types, line by line, and what Ctrl-C means while they wait and while they type.

During an answer Ctrl-C is noted, and asked for between two tokens: an exception could interrupt a
step of the model. At the prompt it throws the line away; twice in a row, or Ctrl-D, ends.
"""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from minibig.backend import InputError
from minibig.cli.console import say
from minibig.files import decoded

PROMPT = "> "
LONGEST_LINE = 1_000_000  # bytes of a question in a pipe


class TerminalInput:
    """Lines from a terminal, with a history on the arrow keys where Python has readline.

    `stopped` is true once Ctrl-C was pressed after the last line.
    """

    def __init__(self) -> None:
        self.stopped = False
        self._typing = False

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Within it Ctrl-C is this object's; afterwards it is what it was before."""
        _enable_history()
        sys.stdin.reconfigure(errors="surrogateescape")  # type: ignore[union-attr]
        before = signal.signal(signal.SIGINT, self._interrupt)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def lines(self) -> Iterator[str]:
        """Lines until Ctrl-D, or Ctrl-C twice."""
        interrupted = False
        while True:
            try:
                line = self._line()
            except EOFError:
                say()
                return
            except KeyboardInterrupt:
                say()
                if interrupted:
                    return
                say("[Ctrl-C again, or Ctrl-D, ends; /help lists the commands]")
                interrupted = True
            else:
                interrupted = self.stopped = False
                yield line

    def _line(self) -> str:
        self._typing = True
        try:
            return input(PROMPT)
        finally:
            self._typing = False

    def _interrupt(self, number: int, frame: Any) -> None:
        if self._typing:
            raise KeyboardInterrupt
        self.stopped = True


def piped_lines(errors: str) -> Iterator[str | InputError]:
    """Lines of the standard input as text; for one that cannot be used, the error that says why.

    A byte order mark at the beginning goes.
    """
    for number, line in enumerate(_byte_lines(), 1):
        name = f"line {number} of the input"
        try:
            if len(line) > LONGEST_LINE:
                raise InputError(f"{name} has more than {LONGEST_LINE:,} bytes. Ask in fewer.")
            text = decoded(line.rstrip(b"\r\n"), name, errors)
        except InputError as error:
            yield error
        else:
            yield text.removeprefix("\ufeff") if number == 1 else text


def _byte_lines() -> Iterator[bytes]:
    """The lines of the standard input; one that is too long is cut, and its rest is read over."""
    read = sys.stdin.buffer.readline if sys.stdin else lambda most: b""
    while line := read(LONGEST_LINE + 1):
        rest = line
        while len(rest) > LONGEST_LINE and not rest.endswith(b"\n"):
            rest = read(LONGEST_LINE + 1)
        yield line


def _enable_history() -> None:
    """Importing readline is all it takes; Windows has a history of its own."""
    with suppress(ImportError):
        import readline  # noqa: F401

"""Where a recipe tells what it does: lines of text, and the progress of a training.

On a terminal neither a text nor a sample can move the cursor.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from minibig.files import cleaned, naming_stdout
from minibig.training import Progress, progress_on


def _clean(text: str) -> str:
    return cleaned(text) if sys.stdout.isatty() else text


def _print(line: str = "") -> None:
    with naming_stdout():
        print(_clean(line), flush=True)


class _OnStdout:
    """The progress of a training on the standard output: a bar on a terminal, else lines."""

    def __init__(self) -> None:
        self.progress = progress_on(sys.stdout)
        self.end = self.progress.end

    def begin(self, step: int, steps: int) -> None:
        with naming_stdout():
            self.progress.begin(step, steps)

    def advance(self, values: dict[str, Any]) -> None:
        with naming_stdout():
            self.progress.advance(values)

    def report(self, values: dict[str, Any]) -> None:
        clean = {name: _clean(text) for name, text in values.items() if isinstance(text, str)}
        with naming_stdout():
            self.progress.report(values | clean)


@dataclass(frozen=True)
class Display:
    """What to do with a line of text, and where a training shows how far it is.

    >>> from minibig.training.progress import Silence
    >>> silent = Display(say=lambda line="": None, progress=Silence)
    """

    say: Callable[..., None] = _print
    progress: Callable[[], Progress] = _OnStdout

"""Where a recipe tells what it does: lines of text, and the progress of a training."""

import sys
from collections.abc import Callable
from dataclasses import dataclass

from minibig.training import Progress, progress_on


def _print(line: str = "") -> None:
    print(line, flush=True)


def _progress() -> Progress:
    return progress_on(sys.stdout)


@dataclass(frozen=True)
class Display:
    """What to do with a line of text, and where a training shows how far it is.

    >>> from minibig.training.progress import Silence
    >>> silent = Display(say=lambda line="": None, progress=Silence)
    """

    say: Callable[..., None] = _print
    progress: Callable[[], Progress] = _progress

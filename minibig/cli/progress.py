"""What the command shows of a recipe: its lines, and the progress of its training."""

import sys
from typing import Any

from minibig.cli.console import cleaned, say
from minibig.recipes import Display
from minibig.training import Progress, progress_on


class CleanProgress:
    """The progress of a training, whose samples and warnings cannot move the cursor."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.begin, self.advance, self.end = progress.begin, progress.advance, progress.end

    def report(self, values: dict[str, Any]) -> None:
        """An evaluation, a sample or a warning."""
        texts = {name: cleaned(value) for name, value in values.items() if isinstance(value, str)}
        self.progress.report(values | texts)


def _progress() -> Progress:
    progress = progress_on(sys.stdout)
    return CleanProgress(progress) if sys.stdout.isatty() else progress


DISPLAY = Display(say=say, progress=_progress)

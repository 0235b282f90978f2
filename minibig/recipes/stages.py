"""The stages of a long recipe: which are finished, and how long each took, in a file.

Stages hand on results through the folder of the run, and through nothing else. So the run can be
stopped anywhere: begun again, it passes over the stages that are finished, and the one that was
under way is begun again, or, if it can, goes on.
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from minibig.backend import checks
from minibig.files import read_json, write_json

PREPARATION, PRETRAINING, FINETUNING = "text and tokenizer", "pre-training", "fine-tuning"
EXAMINATION, REPORT = "questions and answers", "report"
STAGES = (PREPARATION, PRETRAINING, FINETUNING, EXAMINATION, REPORT)  # of a quickstart

_LIMIT = 100_000  # bytes


class Stages:
    """The stages `names` of a recipe, whose times are kept in the file `path`.

    Raises:  StorageError if the file holds something else.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for _ in range(2):
    ...         stages = Stages(["read", "write"], Path(folder, "stages.json"))
    ...         stages.run("read", lambda: 0.5)
    <BLANKLINE>
    [1/2] read
    <BLANKLINE>
    [1/2] read: finished before, in 0.5 s
    """

    def __init__(
        self, names: Sequence[str], path: Path, say: Callable[[str], None] = print
    ) -> None:
        self.names, self.path, self._say = list(names), path, say
        self.seconds: dict[str, float] = self._read()

    def run(self, name: str, work: Callable[[], float | None]) -> None:
        """Do the work of a stage, unless it is finished.

        Work that goes on with what an earlier process began returns the seconds of all its parts.
        """
        number = f"[{self.names.index(name) + 1}/{len(self.names)}]"
        if name in self.seconds:
            self._say(f"\n{number} {name}: finished before, in {self.seconds[name]:,.1f} s")
            return
        self._say(f"\n{number} {name}")
        began = time.perf_counter()
        seconds = work()
        self.seconds[name] = time.perf_counter() - began if seconds is None else seconds
        self._write()

    def repeat(self, *names: str) -> None:
        """Let stages be done again that were finished."""
        for name in names:
            self.seconds.pop(name, None)
        self._write()

    def _read(self) -> dict[str, float]:
        if not self.path.exists():
            return {}
        times: dict[str, float] = read_json(
            self.path, _LIMIT, {f"{n}?": _seconds for n in self.names}
        )
        return times

    def _write(self) -> None:
        write_json(self.path, self.seconds)


def _seconds(name: str, value: object) -> None:
    checks.number(name, value, least=0)

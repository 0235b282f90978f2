"""The stages of a long command: which are finished, and how long each took, in a file.

Stages speak to each other through the folder of the run and through nothing else. So the command
can be stopped anywhere: given again, it passes over the stages that are finished, and the one that
was under way is begun again, or, if it can, goes on.
"""

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from minibig.cli.console import say
from minibig.files.durable import new_file, read_file
from minibig.files.strict_json import MAX_JSON_BYTES, parse_json
from minibig.storage import StorageError


class Stages:
    """The stages `names` of a command, whose times are kept in the file `path`.

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

    def __init__(self, names: Sequence[str], path: Path) -> None:
        self.names, self.path = list(names), path
        self.seconds: dict[str, float] = self._read()

    def run(self, name: str, work: Callable[[], float | None]) -> None:
        """Do the work of a stage, unless it is finished.

        Work that goes on with what an earlier process began returns the seconds of all its parts.
        """
        number = f"[{self.names.index(name) + 1}/{len(self.names)}]"
        if name in self.seconds:
            say(f"\n{number} {name}: finished before, in {self.seconds[name]:,.1f} s")
            return
        say(f"\n{number} {name}")
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
        times = parse_json(read_file(self.path, MAX_JSON_BYTES))
        if not isinstance(times, dict) or not all(
            name in self.names and isinstance(value, int | float) for name, value in times.items()
        ):
            raise StorageError(f"{self.path} does not hold the times of stages. Begin anew.")
        return times

    def _write(self) -> None:
        with new_file(self.path) as file:
            file.write(json.dumps(self.seconds, indent=2).encode() + b"\n")

"""The log of a run: one JSON object a line, in the order in which things happened.

    {"step": 1, "loss": 4.17, "lr": 1e-05, "gradient_norm": 2.1, "tokens_per_second": ..., ...}
    {"step": 100, "validation_loss": 2.53}
    {"step": 100, "sample": "ROMEO: ..."}

`step` counts the updates that were made; the loss is the one that led to the update. A line is
with the operating system as soon as it is written, so a killed run loses none; a checkpoint knows
how many lines there were, and whoever goes on from it cuts off the rest.
"""

import json
import os
from io import FileIO
from pathlib import Path
from typing import Any, Self

from minibig.files import StorageError, make_folder, new_file, open_regular

_TEXTS = ("warning", "because")
_NUMBERS = ("loss", "lr", "gradient_norm", "validation_loss", "tokens_per_second", "seconds")
WALL_CLOCK = ("seconds", "tokens_per_second")  # all that differs when a run is repeated


class Metrics:
    """The lines of a metrics file: written one by one, read back as dictionaries.

    Raises:  StorageError if the file cannot be written or holds something else.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with Metrics(f"{folder}/metrics.jsonl") as metrics:
    ...         metrics.write(step=1, loss=4.5)
    ...     metrics.read()
    [{'step': 1, 'loss': 4.5}]
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._file: FileIO | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def write(self, **values: Any) -> None:
        """Add a line, and hand it to the operating system."""
        line = json.dumps(values, ensure_ascii=False, allow_nan=False).encode() + b"\n"
        try:
            if self._file is None:
                make_folder(self.path.parent)
                self._file = FileIO(self.path, "ab")
            written = self._file.write(line)
        except OSError as error:
            raise self._unwritable(error.strerror or str(error)) from error
        if written != len(line):
            raise self._unwritable("only half of a line found room")

    def sync(self) -> None:
        """Bring all lines to the disk.

        Raises:  StorageError also if the file was taken away: nobody would see what is written.
        """
        if self._file is None:
            return
        try:
            os.fsync(self._file.fileno())
        except OSError as error:
            raise self._unwritable(error.strerror or str(error)) from error
        if not os.path.exists(self.path):
            raise self._unwritable("it was removed while the run went on")

    def close(self) -> None:
        """Close the file; the next `write` opens it again."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def read(self) -> list[dict[str, Any]]:
        """All lines; one that a killed process left unfinished is not among them."""
        lines = []
        for number, line in enumerate(self._whole_lines(), 1):
            try:
                values = json.loads(line, parse_constant=_refuse)
            except (ValueError, RecursionError):
                values = None
            if not _is_line(values):
                raise StorageError(
                    f"{self.path} is no metrics file: line {number} is no JSON object of numbers "
                    'and texts with a "step". Give the metrics.jsonl of a run.'
                )
            lines.append(values)
        return lines

    def latest(self) -> dict[str, Any]:
        """The latest value of everything that was recorded, by its name."""
        values: dict[str, Any] = {}
        for line in self.read():
            values |= line
        return values

    def keep(self, count: int) -> int:
        """Cut off all but the first `count` lines, at once; returns how many lines there are."""
        self.close()
        lines = self._whole_lines()[:count]
        kept = b"".join(lines)
        if os.path.lexists(self.path) and os.path.getsize(self.path) != len(kept):
            with new_file(self.path) as file:
                file.write(kept)
        return len(lines)

    def _whole_lines(self) -> list[bytes]:
        if not os.path.lexists(self.path):
            return []
        with open_regular(self.path) as (file, _):
            return [line for line in file if line.endswith(b"\n")]

    def _unwritable(self, reason: str) -> StorageError:
        if os.path.exists(self.path.parent / "checkpoints"):
            advice = "The last checkpoint is unharmed; make room, and start the run again."
        else:
            advice = "There is no checkpoint beside it: make room, and begin the run anew."
        return StorageError(f"{self.path} cannot be written: {reason}. {advice}")


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


def _is_line(values: Any) -> bool:
    """Whether it is what `write` writes: "step" a count, everything measured a number."""
    if not isinstance(values, dict) or type(values.get("step")) is not int:
        return False
    return all(
        type(value) is str if name in _TEXTS else type(value) in (int, float, str)
        for name, value in values.items()
    ) and not any(isinstance(values.get(name), str) for name in _NUMBERS)

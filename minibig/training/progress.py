"""What is seen of a run while it runs: a bar on a terminal, plain lines in a log.

    1234/2000 |█████████▎     | 00:41 left, loss 2.123  25,300 tokens/s  validation 2.301

The bar stays in one line: what matters less is left out where the terminal is narrow. Evaluations,
samples and warnings are printed above it. Nothing here changes a run, and memory is not in its
metrics, which are the same on every machine.
"""

import os
import sys
import time
from typing import Any, Protocol, TextIO

from minibig.training.memory import process_memory

_NARROW = 60  # columns
_BAR = 10  # columns that the bar itself has at least, unless the terminal is narrow


class Progress(Protocol):
    """Shows a run while it runs: these four methods are called, in this order."""

    def begin(self, step: int, steps: int) -> None:
        """The run begins, or goes on, at `step` of `steps`."""
        ...

    def advance(self, values: dict[str, Any]) -> None:
        """A step was made; `values` is its line of the metrics file."""
        ...

    def report(self, values: dict[str, Any]) -> None:
        """An evaluation, a sample or a warning, as its line of the metrics file."""
        ...

    def end(self) -> None:
        """The run is over, or was stopped."""
        ...


class Silence:
    """Nothing is shown."""

    def begin(self, step: int, steps: int) -> None: ...

    def advance(self, values: dict[str, Any]) -> None: ...

    def report(self, values: dict[str, Any]) -> None: ...

    def end(self) -> None: ...


class ProgressBar:
    """A bar with the time left, loss, speed, and what else fits; all else in lines above it."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._bar: Any = None
        self._shown: dict[str, str] = {}

    def begin(self, step: int, steps: int) -> None:
        from tqdm import tqdm

        self._shown = {}
        left = "{remaining} left" if step < steps else "finished"
        self._bar = tqdm(
            total=steps,
            initial=step,
            file=self._stream,
            unit="step",
            dynamic_ncols=True,
            smoothing=0.05,
            bar_format=f"{{n_fmt}}/{{total_fmt}} |{{bar}}| {left}{{postfix}}",
        )

    def advance(self, values: dict[str, Any]) -> None:
        self._show(values)
        self._bar.update(values["step"] - self._bar.n)  # after a rollback it lies further back

    def report(self, values: dict[str, Any]) -> None:
        self._bar.write(_sentence(values), file=self._stream)
        self._show(values)

    def end(self) -> None:
        self._bar.close()

    def _show(self, values: dict[str, Any]) -> None:
        self._shown |= _phrases(values)
        order = ("loss", "tokens_per_second", "validation_loss", "lr")
        phrases = [self._shown[name] for name in order if name in self._shown]
        columns = _columns(self._stream)
        others = len(f"{self._bar.total}/{self._bar.total} || 00:00 left, ")
        room = columns - others - (_BAR if columns > _NARROW else 1)
        self._bar.set_postfix_str(_fitting([*phrases, _memory()], room), refresh=False)


class ProgressLog:
    """A line every few seconds, for files and pipes: no control characters, no bar.

    >>> log = ProgressLog(sys.stdout)
    >>> log.begin(0, 1)
    >>> log.advance({"step": 1, "loss": 4.1744, "lr": 0.001, "tokens_per_second": 25300.0})
    step 1/1  loss 4.174  lr 1.0e-03  25,300 tokens/s  ... MB  0:00 left
    """

    def __init__(self, stream: TextIO | None = None, every: float = 5.0) -> None:
        self._stream = stream or sys.stderr
        self._every = every

    def begin(self, step: int, steps: int) -> None:
        self._first, self._steps = step, steps
        self._began = time.monotonic()
        self._next = self._began

    def advance(self, values: dict[str, Any]) -> None:
        """Write a line if the last one is long enough ago, or if this was the last step."""
        now = time.monotonic()
        step = values["step"]
        if now < self._next and step < self._steps:
            return
        self._next = now + self._every
        made = max(1, step - self._first)  # a rollback goes back behind the beginning
        left = (now - self._began) / made * (self._steps - step)
        phrases = _phrases(values).values()
        self._write("  ".join([f"step {step}/{self._steps}", *phrases, _memory(), _clock(left)]))

    def report(self, values: dict[str, Any]) -> None:
        self._write(_sentence(values))

    def end(self) -> None: ...

    def _write(self, line: str) -> None:
        print(line, file=self._stream, flush=True)


def progress_on(stream: TextIO | None = None) -> Progress:
    """A bar if the stream (without one: standard error) is a terminal, else plain lines."""
    stream = stream or sys.stderr
    return ProgressBar(stream) if stream.isatty() else ProgressLog(stream)


def _columns(stream: TextIO) -> int:
    """The width of the terminal; 80 where there is none."""
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except (OSError, ValueError, AttributeError):
        return 80


def _fitting(phrases: list[str], columns: int) -> str:
    """As many of the phrases, the first ones first, as fit into so many columns.

    >>> _fitting(["loss 2.123", "25,300 tokens/s", "312 MB"], 30)
    'loss 2.123  25,300 tokens/s'
    """
    text = ""
    for phrase in phrases:
        longer = f"{text}  {phrase}" if text else phrase
        if len(longer) > columns:
            break
        text = longer
    return text


def _phrases(values: dict[str, Any]) -> dict[str, str]:
    """What is shown of a line, in a few words each."""
    shown = {}
    if "loss" in values:
        shown["loss"] = f"loss {values['loss']:.3f}"
    if "lr" in values:
        shown["lr"] = f"lr {values['lr']:.1e}"
    if "tokens_per_second" in values:
        shown["tokens_per_second"] = f"{values['tokens_per_second']:,.0f} tokens/s"
    if "validation_loss" in values:
        shown["validation_loss"] = f"validation {values['validation_loss']:.3f}"
    return shown


def _memory() -> str:
    return f"{process_memory() / 1e6:,.0f} MB"


def _sentence(values: dict[str, Any]) -> str:
    """A line of the metrics file for people."""
    if "warning" in values:
        return f"warning: {values['warning']}"
    if "rollback" in values:
        return (
            f"rolled back to step {values['step']}: {values['because']} From here on the learning "
            f"rate is {values['lr_factor']:g} times that of the settings."
        )
    texts = {name: value for name, value in values.items() if isinstance(value, str)}
    if texts:
        return "\n".join(
            f"step {values['step']}, {'a sample' if name == 'sample' else name}:\n{text}\n"
            for name, text in texts.items()
        )
    measured = [
        f"{name.replace('_', ' ')} {value:.4f}" if isinstance(value, float) else f"{name} {value}"
        for name, value in values.items()
        if name != "step"
    ]
    return f"step {values['step']}: {', '.join(measured)}"


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return (f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}") + " left"

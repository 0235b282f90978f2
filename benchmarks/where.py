"""Where the time of a workload goes: by operation, forward and backward, beside its products.

Operations, the backward pass, clipping and the optimizer's step are wrapped for the while of a
measurement. A time is exclusive: what an operation does inside the backward pass counts for the
operation, the rest for the backward pass. What a formula calls counts for the formula.
"""

import functools
import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

from benchmarks.process import timed
from benchmarks.tables import digits
from benchmarks.workload import OURS, Action, Workload

FORWARD, BACKWARD = "forward", "backward"
_FEW = 0.01  # of the whole: what takes less stands in one line with others


@dataclass
class Clock:
    """Seconds and calls of everything that is wrapped, by its name and its direction."""

    seconds: dict[tuple[str, str], float] = field(default_factory=lambda: defaultdict(float))
    calls: Counter[tuple[str, str]] = field(default_factory=Counter)
    inside: list[bool] = field(default_factory=list)  # whether each that is under way holds others
    mark: float = 0.0  # until when the time has been given out
    names: list[tuple[str, str]] = field(default_factory=list)

    def run(self, name: tuple[str, str], is_whole: bool, function: Callable[[], Any]) -> Any:
        """Call a function; its time counts under its name, but for what others in it take.

        One that `is_whole` keeps what it calls: its parts have no names of their own.
        """
        if self.inside and self.inside[-1]:
            return function()
        self._turn()
        self.names.append(name)
        self.inside.append(is_whole)
        self.calls[name] += 1
        try:
            return function()
        finally:
            self._turn()
            self.names.pop()
            self.inside.pop()

    def _turn(self) -> None:
        """Give the time since the last turn to whoever was at work."""
        now = time.perf_counter()
        if self.names:
            self.seconds[self.names[-1]] += now - self.mark
        self.mark = now


@contextmanager
def clocked(clock: Clock) -> Iterator[None]:
    """Within it the clock runs for every operation of minibig, and for what is around them."""
    import minibig.optim
    from minibig.autograd.backward_pass import Walk
    from minibig.autograd.fusibles import Fusible
    from minibig.autograd.primitives import Primitive

    def wrap(owner: Any, name: str, label: Any, direction: str, is_whole: bool) -> Any:
        inner = getattr(owner, name)

        @functools.wraps(inner)
        def wrapper(*inputs: Any, **keywords: Any) -> Any:
            key = (label or str(inputs[0]), direction)
            return clock.run(key, is_whole, lambda: inner(*inputs, **keywords))

        return mock.patch.object(owner, name, wrapper)

    with ExitStack() as stack:
        for kind in (Fusible, Primitive):
            stack.enter_context(wrap(kind, "__call__", None, FORWARD, True))
            stack.enter_context(wrap(kind, "gradients", None, BACKWARD, True))
        stack.enter_context(wrap(Walk, "run", "the backward pass itself", BACKWARD, False))
        stack.enter_context(
            wrap(minibig.optim.AdamW, "step", "the optimizer itself", FORWARD, False)
        )
        stack.enter_context(wrap(minibig.optim, "clip_gradients", "clip_gradients", FORWARD, True))
        yield


@dataclass
class Row:
    """An operation: calls in one action, and milliseconds."""

    name: str
    calls: int
    forward: float
    backward: float
    limit: float | None

    @property
    def whole(self) -> float:
        """Forward and backward."""
        return self.forward + self.backward


@dataclass
class Account:
    """A workload's time, in milliseconds: of each operation, of all, and without the clock."""

    rows: list[Row]
    whole: float
    undisturbed: float


def account(workload: Workload, quick: bool = False) -> Account:
    """Do the action of minibig's side with the clock and without, and its limit."""
    arguments = workload.arguments("cpu", quick)
    clock = Clock()
    with clocked(clock):  # prepared within it: an action may hold functions that are wrapped
        action = workload.sides[OURS].prepare(**arguments)
        for _ in range(workload.warmup):
            action()
        samples, wholes = [], []
        for _ in range(workload.repeats):
            clock.seconds.clear()
            clock.calls.clear()
            start = time.perf_counter()
            action()
            wholes.append(time.perf_counter() - start)
            samples.append(dict(clock.seconds))
        calls = dict(clock.calls)
    undisturbed = statistics.median(timed(action, 1, workload.repeats)[0])
    parts: Mapping[str, Action] = workload.limit.prepare(**arguments) if workload.limit else {}
    limits = {
        name: 1e3 * statistics.median(timed(part, 1, workload.repeats)[0])
        for name, part in parts.items()
    }

    def median(name: str, direction: str) -> float:
        return 1e3 * statistics.median(sample.get((name, direction), 0.0) for sample in samples)

    names = dict.fromkeys(name for sample in samples for name, _ in sample)
    rows = [
        Row(
            name,
            max(calls.get((name, direction), 0) for direction in (FORWARD, BACKWARD)),
            median(name, FORWARD),
            median(name, BACKWARD),
            limits.get(name),
        )
        for name in names
    ]
    rows.sort(key=lambda row: -row.whole)
    return Account(rows, 1e3 * statistics.median(wholes), 1e3 * undisturbed)


def in_short(found: Account) -> list[Row]:
    """The rows, those that take next to nothing in one, and at the end what is in none of them."""
    long = [row for row in found.rows if row.limit or row.whole >= _FEW * found.whole]
    short = [row for row in found.rows if row not in long]
    if short:
        sums = [sum(getattr(row, n) for row in short) for n in ("calls", "forward", "backward")]
        long.append(Row(f"{len(short)} others", *sums, None))
    outside = found.whole - sum(row.whole for row in found.rows)
    return [*long, Row("outside of operations", 0, outside, 0.0, None)]


def account_table(found: Account, limit: str) -> str:
    """Milliseconds of each operation: forward, backward, its part of the limit, and the rest."""
    lines = [f"{'ms':28}{'calls':>6}{'forward':>10}{'backward':>10}{'products':>10}{'rest':>9}"]
    for row in in_short(found):
        calls = f"{row.calls:,}" if row.calls else ""
        line = f"{row.name:28}{calls:>6}{_cell(row.forward):>10}{_cell(row.backward):>10}"
        line += f"{_cell(row.limit or 0):>10}{_cell(row.whole - (row.limit or 0)):>9}"
        lines.append(line.rstrip())
    limits = sum(row.limit or 0 for row in found.rows)
    whole = f"{digits(found.whole):>20}{_cell(limits):>10}{_cell(found.whole - limits):>9}"
    lines.append(f"{'all':28}{'':>6}{whole}")
    lines.append(
        f"without this clock: {digits(found.undisturbed)} ms" + (limit and f"; products: {limit}")
    )
    return "\n".join(lines)


def _cell(milliseconds: float) -> str:
    return digits(milliseconds) if abs(milliseconds) >= 0.005 else ""

"""What was measured: of each side one measurement a round; their ratios, and the file of it all."""

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.workload import OURS, Workload
from benchmarks.workloads import WORKLOADS
from minibig.backend import InputError
from minibig.files import read_json, write_json


@dataclass(frozen=True)
class Measurement:
    """What one process said: medians over its repeats, in seconds, and bytes.

    `limit` is 0 where there is none; `memory` is what the process held at most beyond what it held
    after its imports, which is `imports`.
    """

    seconds: float
    best: float
    processor: float
    memory: float
    imports: float
    amount: float
    limit: float


@dataclass
class SideResult:
    """The measurements of one side, and what went wrong with it in the end, if anything did."""

    rounds: list[Measurement] = field(default_factory=list)
    error: str = ""
    is_missing: bool = False  # the error is that a package is not installed

    def median(self, name: str) -> float:
        """The median over the rounds of what has that name in a measurement."""
        return statistics.median(getattr(each, name) for each in self.rounds)


class Ratio(NamedTuple):
    """A time in multiples of another in the same round: the median, the lowest, the highest."""

    median: float
    lowest: float
    highest: float


@dataclass
class Result:
    """A workload, measured."""

    name: str
    what: str
    unit: str
    limit: str
    sides: dict[str, SideResult] = field(default_factory=dict)

    @classmethod
    def of(cls, workload: Workload) -> "Result":
        """One without measurements yet."""
        limit = workload.limit.name if workload.limit else ""
        return cls(workload.name, workload.what, workload.unit, limit)

    def ratio(self, other: str, ours: str = OURS) -> Ratio | None:
        """The times of `ours` in multiples of those of another side; None without both."""
        sides = [self.sides.get(ours), self.sides.get(other)]
        pairs = zip(*[side.rounds if side else [] for side in sides], strict=False)
        ratios = [a.seconds / b.seconds for a, b in pairs]
        if not ratios:
            return None
        return Ratio(statistics.median(ratios), min(ratios), max(ratios))

    def share_of_limit(self, side: str) -> float | None:
        """Which part of the time is the limit, by the medians of both; None without a limit."""
        result = self.sides[side]
        if not result.rounds or not result.median("limit"):
            return None
        return statistics.median(each.limit / each.seconds for each in result.rounds)


def add_results(path: Path, machine: dict[str, str], results: Sequence[Result]) -> None:
    """Write what was measured; what a file holds of other workloads stays, in the order of all.

    Raises:  InputError if the file holds results of another machine or of other versions.
    """
    known: dict[str, Result] = {}
    if path.exists():
        other, before = load_results(path)
        if changed := [
            name for name in {**other, **machine} if other.get(name) != machine.get(name)
        ]:
            raise InputError(
                f"{path} has results with another {changed[0]}: {other.get(changed[0])}, not "
                f"{machine.get(changed[0])}. Give a new file."
            )
        known = {result.name: result for result in before}
    known |= {result.name: result for result in results}
    names = [*WORKLOADS, *known]
    save_results(path, machine, [known[name] for name in dict.fromkeys(names) if name in known])


def save_results(path: Path, machine: dict[str, str], results: Sequence[Result]) -> None:
    """Write what was measured, and on which machine, as JSON."""
    write_json(path, {"machine": machine, "results": [asdict(result) for result in results]})


_SIDE = {
    "rounds": [{each.name: float for each in fields(Measurement)}],
    "error": str,
    "is_missing": bool,
}
_RESULT = {"name": str, "what": str, "unit": str, "limit": str, "sides": {str: _SIDE}}
_SHAPE = {"machine": {str: str}, "results": [_RESULT]}


def load_results(path: Path) -> tuple[dict[str, str], list[Result]]:
    """What `save_results` wrote."""
    document = read_json(path, shape=_SHAPE)
    return document["machine"], [_result(each) for each in document["results"]]


def _result(record: dict[str, Any]) -> Result:
    sides = record.pop("sides")
    result = Result(**record)
    for name, side in sides.items():
        side["rounds"] = [Measurement(**each) for each in side["rounds"]]
        result.sides[name] = SideResult(**side)
    return result

"""What a workload is: something to do, the sides that do it, and the limit that no side beats."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Action: TypeAlias = Callable[[], object]
"""What is timed."""

OURS = "minibig"
WITHOUT_NUMBA = "minibig, NumPy"


def one(**sizes: Any) -> float:
    """The amount of a workload that does one thing."""
    return 1.0


@dataclass(frozen=True)
class Side:
    """One of those that are compared.

    `prepare(**sizes)` runs in a fresh process: it gets everything ready and returns the action.
    `needs` are modules that are imported before: they count neither as time nor as memory.
    """

    prepare: Callable[..., Action]
    needs: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)


def minibig(prepare: Callable[..., Action]) -> dict[str, Side]:
    """The two sides that are minibig: as it is, and without its compiled loops."""
    needs = ("minibig", "benchmarks.compiled_loops")
    return {
        OURS: Side(prepare, needs),
        WITHOUT_NUMBA: Side(prepare, needs, {"MINIBIG_KERNELS": "numpy"}),
    }


@dataclass(frozen=True)
class Limit:
    """What cannot be spared: actions by name, such as the matrix products of each operation.

    Their times add up to the limit. Where a part has the name of an operation, it stands beside
    that operation in the table of `where`.
    """

    name: str
    prepare: Callable[..., Mapping[str, Action]]


@dataclass(frozen=True)
class Workload:
    """Something to do, and who does it; `prepare` of each side and of the limit get `sizes`.

    A process does the action `warmup` times, then `repeats` times, and reports the median time.
    `amount(**sizes)` is how many things one action does, such as tokens: the time of one is shown,
    or, where `unit` names the things, how many are done in a second.
    """

    name: str
    what: str
    sides: Mapping[str, Side]
    sizes: Mapping[str, Any] = field(default_factory=dict)
    quick: Mapping[str, Any] = field(default_factory=dict)
    repeats: int = 5
    warmup: int = 1
    amount: Callable[..., float] = one
    unit: str = ""
    limit: Limit | None = None
    devices: tuple[str, ...] = ("cpu",)  # with "cuda", prepare(device=...) is called as well
    takes_long: bool = False  # then it runs only when it is asked for by its name
    timeout: float = 120.0  # seconds for one process

    def arguments(self, device: str, quick: bool) -> dict[str, Any]:
        """What the sides are called with."""
        sizes = dict(self.quick if quick else self.sizes)
        return sizes | ({"device": device} if len(self.devices) > 1 else {})

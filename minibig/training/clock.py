"""How the wall time of a run is shared: by its steps, its data, its looks, and by saving.

At any moment the time goes to exactly one part. What happens inside another, as the best model is
saved within an evaluation, counts for itself, so the parts never overlap and add up to all.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

STEPS, DATA, SAVING, REST = "steps", "data", "saving", "rest"
PARTS = (STEPS, DATA, SAVING, REST)  # the others are the looks, by their names


class Clock:
    """The seconds of a run, and what they were spent on; it goes on from those of earlier parts.

    Seconds that nothing is known of are `rest`.

    >>> clock = Clock(seconds=2.0, spent={"steps": 1.5})
    >>> with clock.on("steps"), clock.on("data"):
    ...     pass
    >>> clock.seconds() >= 2.0, list(clock.spent())
    (True, ['steps', 'rest', 'data'])
    """

    def __init__(self, seconds: float = 0.0, spent: Mapping[str, float] | None = None) -> None:
        self._since = time.perf_counter()
        self._start = self._since - seconds
        self._part = REST
        self._spent = {part: value for part, value in (spent or {}).items() if part != REST}
        self._spent[REST] = max(0.0, seconds - sum(self._spent.values()))

    def seconds(self) -> float:
        """All seconds until now."""
        return time.perf_counter() - self._start

    def spent(self) -> dict[str, float]:
        """part -> its seconds until now."""
        self._turn_to(self._part)
        return dict(self._spent)

    @contextmanager
    def on(self, part: str) -> Iterator[None]:
        """Within it the time goes to this part."""
        outer = self._turn_to(part)
        try:
            yield
        finally:
            self._turn_to(outer)

    def _turn_to(self, part: str) -> str:
        now, before = time.perf_counter(), self._part
        self._spent[before] = self._spent.get(before, 0.0) + now - self._since
        self._part, self._since = part, now
        return before


def shares(spent: Mapping[str, float]) -> str:
    """How the time was shared, the largest part first, as a line for people.

    >>> shares({"steps": 70.0, "saving": 0.8, "validation": 6.0, "rest": 3.2})
    '87.5 % steps, 7.5 % validation, 4.0 % rest, 1.0 % saving'
    """
    total = sum(spent.values()) or 1.0
    parts = sorted(spent.items(), key=lambda part: -part[1])
    return ", ".join(f"{100 * value / total:.1f} % {part}" for part, value in parts)

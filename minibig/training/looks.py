"""What is done now and then during a run: evaluations, samples, pictures.

    Look("validation", 250, evaluate, best="validation_loss")
    Look("sample", 500, write_a_text)

The first one decides which weights are kept in best/.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from minibig.backend import InputError
from minibig.backend.checks import flag, refusal, text, whole
from minibig.training.clock import PARTS

RESERVED = ("step", "loss", "lr", "gradient_norm", "tokens_per_second", "seconds", "warning")


@dataclass(frozen=True)
class Look:
    """A function that is called every `every` steps and after the last step; 0: only after it.

    `measure()` returns named numbers, or a text, or None; the first two become a line of the
    metrics file. `best` names the number that decides which weights are kept in best/: those with
    the smallest, or the greatest if `greater_is_better`.

    A look without `best` that fails is warned of, and the run goes on.

    Raises:  InputError for a name that a metrics file uses otherwise, or arguments of another kind.

    >>> look = Look("answers", 100, lambda: {"exact_match": 0.5}, best="exact_match")
    >>> look.is_due(step=200, last=1000)
    True
    """

    name: str
    every: int
    measure: Callable[[], Mapping[str, float] | str | None]
    best: str | None = None
    greater_is_better: bool = False

    def __post_init__(self) -> None:
        text("the name of a look", self.name)
        if self.name in (*RESERVED, *PARTS):
            reserved = ", ".join((*RESERVED, *PARTS))
            raise refusal("the name of a look", f"none of {reserved}", self.name)
        whole("every", self.every, least=0)
        if not callable(self.measure):
            raise refusal("measure", "a function without arguments", self.measure)
        if self.best is not None:
            text("best", self.best)
        flag("greater_is_better", self.greater_is_better)

    def is_due(self, step: int, last: int) -> bool:
        """Whether it is called after this step of a run that ends with step `last`."""
        return step == last or (self.every > 0 and step % self.every == 0)

    def is_better(self, value: float, best: float | None) -> bool:
        """Whether a value is better than the best so far."""
        if best is None:
            return True
        return value > best if self.greater_is_better else value < best


def looks_in_order(looks: Iterable[Look]) -> tuple[Look, ...]:
    """The looks, if their names differ and only one of them decides what is best."""
    if isinstance(looks, Look) or not isinstance(looks, Iterable):
        raise refusal("looks", "a list of Look", looks)
    looks = tuple(looks)
    for look in looks:
        if not isinstance(look, Look):
            raise refusal("looks", "a list of Look", look)
    names = [look.name for look in looks]
    if len(set(names)) < len(names):
        raise InputError(f"looks must have names that differ; got {', '.join(names)}.")
    deciding = [look.name for look in looks if look.best is not None]
    if len(deciding) > 1:
        raise InputError(f"only one look may decide what is best; got {', '.join(deciding)}.")
    return looks


def numbers_of(look: Look, found: object) -> dict[str, float]:
    """The numbers that a look returned, by their names.

    Raises:  InputError for what is none, for a name that the loop uses, or if the number that
             decides is not among them.
    """
    expected = f"what the look {look.name} returns"
    if not isinstance(found, Mapping):
        raise refusal(expected, "numbers by name, a text, or None", found)
    values = {}
    for name, value in found.items():
        if name in RESERVED:
            raise InputError(
                f"the look {look.name} returns {name}, which the loop itself measures. Choose "
                f"another name, such as {look.name}_{name}."
            )
        try:
            values[text("a name", name)] = float(value)
        except (TypeError, ValueError):
            raise refusal(expected, "numbers by name, a text, or None", found) from None
    if look.best is not None and look.best not in values:
        raise InputError(
            f"the look {look.name} must return {look.best}, which decides what is best; got "
            f"{', '.join(values) or 'nothing'}."
        )
    return values


def at_most_every(seconds: float, do: Callable[[], object]) -> Callable[[], None]:
    """A function that calls `do`, unless the last call or the beginning is too short ago.

    For what costs time and may be left out, such as a picture of a run that goes on.
    """
    latest = time.monotonic()

    def sometimes() -> None:
        nonlocal latest
        if time.monotonic() - latest >= seconds:
            do()
            latest = time.monotonic()

    return sometimes

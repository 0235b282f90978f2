"""What a run is: how long, how large its steps, how often it looks up.

The settings of a run are a record that is checked when it is made, and lies as JSON in each of its
checkpoints: a run goes on only under the settings that it began with, for with others the weights
would be those of no run at all.
"""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from minibig.backend import InputError
from minibig.nn import Module
from minibig.optim import (
    Adafactor,
    AdamW,
    Muon,
    Optimizer,
    constant,
    cosine,
    decay_groups,
    inverse_square_root,
    linear,
    muon_groups,
)
from minibig.optim.schedules import Schedule

_DECAYING: dict[str, Callable[..., Schedule]] = {"linear": linear, "cosine": cosine}
_ENDLESS: dict[str, Callable[..., Schedule]] = {
    "constant": constant,
    "inverse_square_root": inverse_square_root,
}
SCHEDULES = (*_ENDLESS, *_DECAYING)
OPTIMIZERS = ("adamw", "muon", "adafactor")
ON_DIVERGENCE = ("stop", "roll_back")

# They change what is seen of a run and what is kept, not what it learns as long as all goes well.
FREE_TO_CHANGE = (
    "evaluate_every",
    "evaluate_batches",
    "checkpoint_every",
    "sample_every",
    "keep_checkpoints",
    "on_divergence",
    "rollback_factor",
    "max_rollbacks",
)


@dataclass(frozen=True, kw_only=True)
class TrainingSettings:
    """All numbers of a run; the gradient of a step is the mean over `accumulation` batches.

    `optimizer` is "adamw"; "muon", orthogonalized momentum for hidden matrices and AdamW for all
    else; or "adafactor", which saves memory and has no use for `betas`. `clip` bounds the norm of
    the gradient (None: it is only measured).

    `evaluate_every`, `checkpoint_every` and `sample_every` count steps; 0 is never, but the end of
    a run is evaluated and saved in any case. `evaluate_batches` is for whoever evaluates: how many
    batches, 0 for all.

    `on_divergence` says what becomes of a run whose numbers are no longer finite: "stop" ends it,
    "roll_back" goes back to the last checkpoint and multiplies the learning rate of all later steps
    by `rollback_factor`, at most `max_rollbacks` times.

    Raises:  InputError for a number out of its range, TypeError for what is no number.

    >>> TrainingSettings(steps=100, batch_size=8, lr=1e-3, warmup_steps=100)
    Traceback (most recent call last):
    minibig.backend.errors.InputError: steps must be more than warmup_steps = 100; got 100. Train \
longer or shorten the warm-up.
    """

    steps: int
    batch_size: int
    accumulation: int = 1
    optimizer: str = "adamw"
    lr: float
    min_lr: float = 0.0
    warmup_steps: int = 0
    schedule: str = "cosine"
    weight_decay: float = 0.1
    betas: tuple[float, float] = (0.9, 0.95)
    clip: float | None = 1.0
    seed: int = 0
    evaluate_every: int = 0
    evaluate_batches: int = 0
    checkpoint_every: int = 0
    sample_every: int = 0
    keep_checkpoints: int = 2
    on_divergence: str = "stop"
    rollback_factor: float = 0.5
    max_rollbacks: int = 3

    def __post_init__(self) -> None:
        for name in ("steps", "batch_size", "accumulation", "keep_checkpoints", "max_rollbacks"):
            _check_whole(name, getattr(self, name), 1)
        for name in ("warmup_steps", "seed", "evaluate_batches"):
            _check_whole(name, getattr(self, name), 0)
        for name in ("evaluate_every", "checkpoint_every", "sample_every"):
            _check_whole(name, getattr(self, name), 0)
        if self.optimizer not in OPTIMIZERS:
            raise InputError(
                f"optimizer must be one of {', '.join(OPTIMIZERS)}; got {self.optimizer!r}."
            )
        if not _number("lr", self.lr) > 0:
            raise InputError(f"lr must be above 0; got {self.lr}.")
        if _number("weight_decay", self.weight_decay) < 0:
            raise InputError(f"weight_decay must be 0 or more; got {self.weight_decay}.")
        if self.clip is not None and not _number("clip", self.clip) > 0:
            raise InputError(f"clip must be above 0, or None for no clipping; got {self.clip}.")
        if not isinstance(self.betas, tuple | list) or len(self.betas) != 2:
            raise TypeError(f"betas must be a pair of numbers; got {self.betas!r}.")
        if not all(0 <= _number("betas", beta) < 1 for beta in self.betas):
            raise InputError(f"betas must lie in [0, 1); got {self.betas}.")
        object.__setattr__(self, "betas", tuple(self.betas))
        self._check_divergence()
        self._check_schedule()

    def _check_divergence(self) -> None:
        if self.on_divergence not in ON_DIVERGENCE:
            raise InputError(
                f"on_divergence must be {' or '.join(ON_DIVERGENCE)}; got {self.on_divergence!r}."
            )
        if not 0 < _number("rollback_factor", self.rollback_factor) < 1:
            raise InputError(
                f"rollback_factor must lie between 0 and 1; got {self.rollback_factor}."
            )

    def _check_schedule(self) -> None:
        if self.schedule not in SCHEDULES:
            raise InputError(
                f"schedule must be one of {', '.join(SCHEDULES)}; got {self.schedule!r}."
            )
        if self.schedule in _ENDLESS and self.min_lr:
            raise InputError(
                f"a {self.schedule} schedule has no min_lr; got {self.min_lr}. Leave it out, or "
                f"use {' or '.join(_DECAYING)}."
            )
        if self.schedule in _DECAYING and self.steps <= self.warmup_steps:
            raise InputError(
                f"steps must be more than warmup_steps = {self.warmup_steps}; got {self.steps}. "
                "Train longer or shorten the warm-up."
            )
        self.learning_rate(0)

    def learning_rate(self, step: int) -> float:
        """The rate of one step, counted from 0.

        >>> TrainingSettings(steps=4, batch_size=8, lr=1.0, schedule="linear").learning_rate(2)
        0.5
        """
        if self.schedule in _ENDLESS:
            return _ENDLESS[self.schedule](self.lr, warmup_steps=self.warmup_steps)(step)
        decay = _DECAYING[self.schedule]
        schedule = decay(
            self.lr, total_steps=self.steps, warmup_steps=self.warmup_steps, min_lr=self.min_lr
        )
        return schedule(step)

    def optimizer_for(self, model: Module) -> Optimizer:
        """A new optimizer of the parameters of a model; vectors among them do not decay.

        >>> from minibig.nn import Linear
        >>> settings = TrainingSettings(steps=4, batch_size=8, optimizer="muon", lr=1.0)
        >>> type(settings.optimizer_for(Linear(3, 2))).__name__
        'Muon'
        """
        if self.optimizer == "muon":
            return Muon(muon_groups(model, self.weight_decay), lr=self.lr, betas=self.betas)
        groups = decay_groups(model, self.weight_decay)
        if self.optimizer == "adafactor":
            return Adafactor(groups, lr=self.lr)
        return AdamW(groups, lr=self.lr, betas=self.betas)

    def to_json(self) -> dict[str, Any]:
        """The settings as JSON holds them."""
        return {**asdict(self), "betas": list(self.betas)}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """The settings of a dictionary.

        Raises:  InputError that lists every unknown and every missing name.

        >>> settings = TrainingSettings(steps=4, batch_size=8, lr=1.0)
        >>> TrainingSettings.from_json(settings.to_json()) == settings
        True
        """
        if not isinstance(values, dict):
            raise TypeError(f"settings must be a dictionary; got {type(values).__name__}.")
        known = [field.name for field in fields(cls)]
        problems = {
            "missing": [n for n in ("steps", "batch_size", "lr") if n not in values],
            "unknown": sorted(str(name) for name in values if name not in known),
        }
        listed = "; ".join(
            f"{kind}: {', '.join(names)}" for kind, names in problems.items() if names
        )
        if listed:
            raise InputError(f"settings of a run are {', '.join(known)}; {listed}.")
        return cls(**values)


def _check_whole(name: str, value: Any, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be a whole number; got {value!r}.")
    if value < least:
        raise InputError(f"{name} must be {least} or more; got {value}.")


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name} must be a number; got {value!r}.")
    if not math.isfinite(value):
        raise InputError(f"{name} must be finite; got {value}.")
    return value

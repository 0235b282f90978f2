"""What a run is: how long, how large its steps, what is measured on the way.

The settings lie as JSON in each checkpoint: a run goes on only under the settings that it began
with, since under others it would be another run.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from minibig.backend import InputError
from minibig.nn import Module
from minibig.optim import (
    RATES,
    Optimizer,
    adapted_rates,
    constant_schedule,
    cosine_schedule,
    inverse_square_root_schedule,
    linear_schedule,
    optimizer_for,
)
from minibig.optim.schedules import Schedule
from minibig.settings import Settings, setting

_DECAYING: dict[str, Callable[..., Schedule]] = {
    "linear": linear_schedule,
    "cosine": cosine_schedule,
}
_ENDLESS: dict[str, Callable[..., Schedule]] = {
    "constant": constant_schedule,
    "inverse_square_root": inverse_square_root_schedule,
}
SCHEDULES = (*_ENDLESS, *_DECAYING)
OPTIMIZERS = tuple(RATES)
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
class TrainingSettings(Settings):
    """All numbers of a run.

    `batch_size`, `evaluate_every`, `evaluate_batches` and `sample_every` are for whoever makes the
    batches and the looks of a run. The gradient of a step is that of the mean loss over all targets
    of `accumulation` batches. At the end every run is evaluated and saved.

    After a NaN or an infinity `on_divergence` = "stop" ends the run; "roll_back" goes back to the
    last checkpoint and multiplies the learning rate of all later steps by `rollback_factor`, at
    most `max_rollbacks` times.

    Raises:  InputError for a value out of its range, and for values that do not fit together.

    >>> TrainingSettings(steps=100, warmup_steps=100)
    Traceback (most recent call last):
    minibig.backend.errors.InputError: steps must be more than warmup_steps = 100; got 100. Train \
longer or shorten the warm-up.
    """

    steps: int = setting(1000, "optimizer steps", least=1)
    batch_size: int = setting(16, "sequences in a batch", least=1)
    accumulation: int = setting(1, "batches in a step", least=1)
    optimizer: str = setting(
        "adamw", "adamw, muon (for hidden matrices), or adafactor", choices=OPTIMIZERS
    )
    lr: float = setting(1e-3, "the highest learning rate; 30 times that for adafactor", above=0)
    min_lr: float = setting(0.0, "the learning rate at the end", least=0)
    warmup_steps: int | None = setting(
        None, "steps until the highest learning rate; a tenth of all, at most 50", least=0
    )
    schedule: str = setting(
        "cosine", "cosine, linear, constant or inverse_square_root", choices=SCHEDULES
    )
    weight_decay: float = setting(0.1, "decay of matrices; a 30th of it for adafactor", least=0)
    betas: tuple[float, float] = setting(
        (0.9, 0.99), "the decay rates of adamw's and muon's moments", least=0, below=1
    )
    clip: float | None = setting(1.0, "the largest norm of a gradient; 0 for any", least=0)
    seed: int = setting(0, "the seed of everything random", least=0)
    evaluate_every: int = setting(
        250, "steps between two evaluations; 0 for one at the end", least=0
    )
    evaluate_batches: int = setting(50, "the most batches of an evaluation; 0 for all", least=0)
    checkpoint_every: int = setting(250, "steps between two checkpoints; 0 for never", least=0)
    sample_every: int = setting(500, "steps between two samples; 0 for never", least=0)
    keep_checkpoints: int = setting(2, "checkpoints that are kept", least=1)
    on_divergence: str = setting(
        "stop", "stop, or roll_back: what to do at a loss of NaN", choices=ON_DIVERGENCE
    )
    rollback_factor: float = setting(
        0.5, "what the learning rate is multiplied by then", above=0, below=1
    )
    max_rollbacks: int = setting(3, "how often that may happen", least=1)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.clip == 0:
            object.__setattr__(self, "clip", None)
        if self.schedule in _ENDLESS and self.min_lr:
            raise InputError(
                f"a {self.schedule} schedule has no min_lr; got {self.min_lr}. Leave it out, or "
                f"use {' or '.join(_DECAYING)}."
            )
        if self.schedule in _DECAYING and self.steps <= self.warmup:
            raise InputError(
                f"steps must be more than warmup_steps = {self.warmup}; got {self.steps}. "
                "Train longer or shorten the warm-up."
            )
        if self.min_lr > self.lr:
            raise InputError(f"min_lr must be at most lr = {self.lr}; got {self.min_lr}.")

    @property
    def warmup(self) -> int:
        """The steps of the warm-up: `warmup_steps`, or a tenth of all steps and at most 50.

        >>> TrainingSettings(steps=20).warmup, TrainingSettings(steps=2000).warmup
        (2, 50)
        """
        return min(50, self.steps // 10) if self.warmup_steps is None else self.warmup_steps

    def learning_rate(self, step: int) -> float:
        """The learning rate of a step, counted from 0.

        >>> settings = TrainingSettings(steps=4, lr=1.0, schedule="linear", warmup_steps=0)
        >>> settings.learning_rate(2)
        0.5
        """
        if self.schedule in _ENDLESS:
            return _ENDLESS[self.schedule](self.lr, warmup_steps=self.warmup)(step)
        schedule = _DECAYING[self.schedule](
            self.lr, total_steps=self.steps, warmup_steps=self.warmup, min_lr=self.min_lr
        )
        return schedule(step)

    def optimizer_for(self, model: Module) -> Optimizer:
        """A new optimizer of the parameters of a model; vectors among them do not decay.

        >>> from minibig.nn import Linear
        >>> type(TrainingSettings(optimizer="muon").optimizer_for(Linear(3, 2))).__name__
        'Muon'
        """
        return optimizer_for(
            model, self.optimizer, lr=self.lr, weight_decay=self.weight_decay, betas=self.betas
        )

    def differing(self, other: Self) -> list[str]:
        """As for all `Settings`; the default of `warmup_steps` is what follows from `steps`."""
        names = super().differing(other)
        agrees = self.warmup == other.warmup
        return [name for name in names if not (agrees and name == "warmup_steps")]

    def changed(self, values: Mapping[str, Any]) -> Self:
        """As for all `Settings`; another optimizer changes what is not named of its rates."""
        optimizer = values.get("optimizer", self.optimizer)
        start = self if optimizer == self.optimizer else self.for_optimizer(optimizer)
        return super(TrainingSettings, start).changed(values)

    def for_optimizer(self, optimizer: str) -> Self:
        """The same settings for another optimizer, with rates in the proportion of `optim.RATES`.

        >>> TrainingSettings(lr=1e-3).for_optimizer("adafactor").lr
        0.03
        """
        rates: dict[str, Any] = adapted_rates(self.to_json(), optimizer)
        return replace(self, optimizer=optimizer, **rates)

"""What a run is: how long, how large its steps, how often it looks up.

The settings of a run are a record that is checked when it is made, and lies as JSON in each of its
checkpoints: a run goes on only under the settings that it began with, for with others the weights
would be those of no run at all.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from minibig.backend import InputError, Settings, required, setting
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
_RATES = {"adamw": 1, "muon": 1, "adafactor": 30}  # learning rates as multiples of AdamW's

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

    Raises:  InputError for a value out of its range, or of another type.

    >>> TrainingSettings(steps=100, batch_size=8, lr=1e-3, warmup_steps=100)
    Traceback (most recent call last):
    minibig.backend.errors.InputError: steps must be more than warmup_steps = 100; got 100. Train \
longer or shorten the warm-up.
    """

    steps: int = required("optimizer steps", least=1)
    batch_size: int = required("sequences in a batch", least=1)
    accumulation: int = setting(1, "batches in a step", least=1)
    optimizer: str = setting("adamw", "adamw, muon or adafactor", choices=OPTIMIZERS)
    lr: float = required("the highest learning rate", above=0)
    min_lr: float = setting(0.0, "the learning rate at the end", least=0)
    warmup_steps: int = setting(0, "steps until the highest learning rate", least=0)
    schedule: str = setting("cosine", "how the learning rate falls", choices=SCHEDULES)
    weight_decay: float = setting(0.1, "decay of matrices", least=0)
    betas: tuple[float, float] = setting((0.9, 0.95), "decay of the moments", least=0, below=1)
    clip: float | None = setting(1.0, "the largest norm of a gradient", above=0)
    seed: int = setting(0, "the seed of everything random", least=0)
    evaluate_every: int = setting(0, "steps between two evaluations; 0 for never", least=0)
    evaluate_batches: int = setting(0, "the most batches of an evaluation; 0 for all", least=0)
    checkpoint_every: int = setting(0, "steps between two checkpoints; 0 for never", least=0)
    sample_every: int = setting(0, "steps between two samples; 0 for never", least=0)
    keep_checkpoints: int = setting(2, "checkpoints that are kept", least=1)
    on_divergence: str = setting("stop", "what to do at a loss of NaN", choices=ON_DIVERGENCE)
    rollback_factor: float = setting(0.5, "what the rate is multiplied by", above=0, below=1)
    max_rollbacks: int = setting(3, "how often that may happen", least=1)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_schedule()

    def _check_schedule(self) -> None:
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

    def changed(self, values: Mapping[str, Any]) -> Self:
        """As for all `Settings`; another optimizer changes the rates that are not named as well."""
        optimizer = values.get("optimizer", self.optimizer)
        start = self if optimizer == self.optimizer else self.for_optimizer(optimizer)
        return super(TrainingSettings, start).changed(values)

    def for_optimizer(self, optimizer: str) -> Self:
        """The same settings for another optimizer, its rates in proportion to those of this one.

        A step of Adafactor is a part of the weight, and weights begin at about 0.02; of 10, 30 and
        about 50 times AdamW's rate, tried with two presets, 30 learned well with both. The decay
        changes so that each step takes off as much as before.

        >>> settings = TrainingSettings(steps=4, batch_size=8, lr=1e-3)
        >>> settings.for_optimizer("adafactor").lr
        0.03
        """
        factor = _RATES.get(optimizer, 1) / _RATES[self.optimizer]
        rates = {
            "lr": self.lr * factor,
            "min_lr": self.min_lr * factor,
            "weight_decay": self.weight_decay / factor,
        }  # of twelve digits, as people write such numbers
        written: dict[str, Any] = {name: float(f"{rate:.12g}") for name, rate in rates.items()}
        return replace(self, optimizer=optimizer, **written)

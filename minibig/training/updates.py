"""What a step of training is: from the number of a step to new weights.

The loop decides when; an update decides what. `GradientUpdate` is the usual one:

    g = ∇ mean loss over the targets of all batches of the step
    clip g;   learning rate of the step;   optimizer step

Other updates replace it or stand around it: one that sets masked weights to 0 after the step, one
that adds noise to the gradients of single examples, one that shares the work with other processes.
"""

import math
from collections.abc import Callable
from typing import Any, Protocol

from minibig.autograd import Tensor
from minibig.backend import InputError, training_step
from minibig.backend.checks import instance, refusal
from minibig.nn import Module
from minibig.optim import Optimizer, clip_gradients
from minibig.stopping import stop_if_requested
from minibig.training.failures import check_step
from minibig.training.settings import TrainingSettings


class Update(Protocol):
    """What `Trainer` asks of an update.

    It may also have `own_settings`, a dict fit for JSON: a run goes on with an update of the same
    class and the same own settings only.
    """

    lr_factor: float
    """What the learning rate is multiplied by: the loop makes it smaller when it rolls back."""

    def __call__(self, step: int) -> dict[str, float]:
        """Make step number `step`, counted from 0; its "loss" and whatever else is to be recorded.

        "n_tokens" is not recorded but made into tokens per second.
        """
        ...

    def state(self) -> dict[str, Any]:
        """All that the next steps depend on: "arrays" by name, the rest fit for JSON."""
        ...

    def load(self, state: dict[str, Any]) -> None:
        """Take over what `state` returned; InputError if it does not fit."""
        ...


class GradientUpdate:
    """One optimizer step by the clipped gradient of the mean loss over the batches of a step.

    Step s takes the batches number s·accumulation ... s·accumulation + accumulation − 1. A loss is
    a mean over the `n_targets` of its batch, so the batches are weighted by these numbers and the
    result is the mean over all targets of the step; batches without `n_targets` weigh the same.

    `batches` has a method `batch(number)`, or is itself a function of the number. `optimizer` is
    the one that the settings name. `reduce(parameters, loss, n_targets)`, where several processes
    share a step, replaces each gradient by the mean over all of them, weighted by their
    `n_targets`, and returns the mean loss.

    Raises:  TrainingError for a loss or a gradient that is not finite, before anything changes.

    >>> from minibig.nn import Linear
    >>> layer, x = Linear(1, 1, bias=False), mb.tensor([[1.0], [2.0]])
    >>> update = GradientUpdate(
    ...     layer,
    ...     lambda model, batch: ((model(batch) - 3 * batch) ** 2).mean(),
    ...     lambda number: x,
    ...     TrainingSettings(lr=0.1, weight_decay=0.0),
    ... )
    >>> update(0)["loss"] > update(1)["loss"]
    True
    """

    def __init__(
        self,
        model: Module,
        loss: Callable[[Any, Any], Tensor],
        batches: Any,
        settings: TrainingSettings,
        *,
        optimizer: Optimizer | None = None,
        reduce: Callable[[list[Any], float, int], float] | None = None,
    ) -> None:
        if not callable(loss):
            raise refusal("loss", "a function of model and batch", loss)
        self.model = instance("model", model, Module)
        self.loss, self.batch = loss, batch_function(batches)
        self.settings = instance("settings", settings, TrainingSettings)
        self.optimizer = optimizer or settings.optimizer_for(model)
        self.reduce = reduce
        self.lr_factor = 1.0

    def __call__(self, step: int) -> dict[str, float]:
        """Make step number `step`, counted from 0."""
        self.optimizer.zero_grad()  # what an attempt that failed may have left
        self.model.train()
        batches = self.batches_of(step)
        loss, norm = self.clipped_gradient(step, batches)
        check_step(self.model, step + 1, loss, norm)
        self.optimizer.lr = self.settings.learning_rate(step) * self.lr_factor
        self.optimizer.step()
        self.optimizer.zero_grad()
        n_tokens = sum(getattr(batch, "n_tokens", 0) for batch in batches)
        return {"loss": loss, "lr": self.optimizer.lr, "gradient_norm": norm, "n_tokens": n_tokens}

    def batches_of(self, step: int) -> list[Any]:
        """The batches of a step, each with a number of its own."""
        count = self.settings.accumulation
        return [self.batch(step * count + micro_step) for micro_step in range(count)]

    def clipped_gradient(self, step: int, batches: list[Any]) -> tuple[float, float]:
        """(mean loss, norm of the gradient before it is clipped); leaves what the optimizer gets.

        An update whose gradient is another, such as the noised one of a private update, overrides
        this method: nothing is clipped after it.
        """
        loss = self.mean_gradient(step, batches)
        return loss, clip_gradients(self.model.parameters(), self.settings.clip or math.inf)

    def mean_gradient(self, step: int, batches: list[Any]) -> float:
        """The mean loss over all targets of the batches; its gradient is left in the parameters."""
        counts = [getattr(batch, "n_targets", 1) for batch in batches]
        n_targets = sum(counts)
        if not n_targets:
            raise InputError(f"step {step + 1} has nothing to predict: its batches have no target.")
        losses, first_example = [], 0
        for micro_step, (batch, count) in enumerate(zip(batches, counts, strict=True)):
            stop_if_requested()
            if count:
                with training_step(step, micro_step, first_example):
                    loss = _checked(self.loss(self.model, batch)) / (n_targets / count)
                    loss.backward()
                losses.append(loss.detach())
            first_example += _n_examples(batch)
        mean = math.fsum(loss.item() for loss in losses)
        return self.reduce(self._parameters(), mean, n_targets) if self.reduce else mean

    def state(self) -> dict[str, Any]:
        """The state of the optimizer."""
        return self.optimizer.state_dict()

    def load(self, state: dict[str, Any]) -> None:
        """Put back the state of the optimizer."""
        self.optimizer.load_state_dict(state)

    def _parameters(self) -> list[Any]:
        return list(self.model.parameters())


def batch_function(batches: Any) -> Callable[[int], Any]:
    """The function from the number of a batch to the batch.

    Raises:  InputError for what has no numbered batches, such as a list or an iterator.
    """
    batch = getattr(batches, "batch", batches)
    if not callable(batch):
        raise refusal(
            "batches",
            "an object with a method batch(number), or a function of the number",
            batches,
            "A list of batches is `lambda number: batches[number % len(batches)]`.",
        )
    return batch


def _checked(loss: Any) -> Tensor:
    if not isinstance(loss, Tensor):
        raise InputError(f"loss must return a scalar tensor; got {type(loss).__name__}.")
    if loss.size != 1:
        raise InputError(f"loss must return a scalar tensor; got shape {loss.shape}. Take a mean.")
    return loss


def _n_examples(batch: Any) -> int:
    """The rows of a batch: with them dropout numbers its examples over all batches of a step."""
    if hasattr(batch, "n_examples"):
        return int(batch.n_examples)
    return len(batch) if hasattr(batch, "__len__") else 0

"""The loop: everything that trains here, trains through it.

    losses of `accumulation` batches -> gradients -> clipping -> one update -> metrics
    now and then: an evaluation, a sample, a checkpoint

A run is a function of its settings, its data and its initial weights. Stopped anywhere and started
again, by a signal, a crash or a power cut, it arrives at the same bits: the loss of a step is asked
for by number, dropout masks are keyed by the step, and a checkpoint holds all the rest.
"""

import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minibig.autograd import Tensor
from minibig.backend import training_step
from minibig.files.durable import make_folder, remove_orphans
from minibig.nn import Module
from minibig.optim import clip_gradients
from minibig.storage import save
from minibig.training.failures import (
    TrainingError,
    check_evaluation,
    check_parameters,
    check_step,
    without_warnings_of_overflow,
)
from minibig.training.interruption import Interrupted, StopRequest, stop_on_signals
from minibig.training.metrics import Metrics
from minibig.training.progress import Progress, Silence
from minibig.training.run_state import RunState, resume_run, save_run
from minibig.training.settings import TrainingSettings

_SURPRISE = 0.1  # how far the first loss may lie from the expected one, as a part of it


@dataclass(frozen=True)
class Result:
    """How a run ended; `seconds` counts all its parts, the speed is that of the last one."""

    steps: int
    loss: float | None
    validation_loss: float | None
    best_validation_loss: float | None
    seconds: float
    tokens_per_second: float


class Trainer:
    """A run: a model, the loss to make small, and a folder where all that happens is kept.

    `loss(step, micro_step)` is a scalar tensor: a function of these two numbers and of the weights,
    and of nothing that changes; its attribute `n_tokens`, if it has one, tells how many tokens it
    looked at. `evaluate()` returns named numbers, of which "validation_loss" decides what is best;
    `sample()` returns a text. `expected_initial_loss` is the loss of a model that knows nothing: a
    first loss far from it is warned of.

    Raises:  InputError if the folder holds another run.

    >>> import tempfile
    >>> from minibig.nn import Linear
    >>> layer, x = Linear(1, 1), mb.tensor([[1.0], [2.0]])
    >>> settings = TrainingSettings(steps=300, batch_size=2, lr=0.1, weight_decay=0.0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     result = Trainer(
    ...         layer, lambda step, micro_step: ((layer(x) - 3 * x) ** 2).mean(), settings, folder
    ...     ).run()
    >>> result.steps, result.loss < 1e-3
    (300, True)
    """

    def __init__(
        self,
        model: Module,
        loss: Callable[[int, int], Tensor],
        settings: TrainingSettings,
        folder: str | os.PathLike[str],
        *,
        evaluate: Callable[[], dict[str, float]] | None = None,
        sample: Callable[[], str] | None = None,
        progress: Progress | None = None,
        expected_initial_loss: float | None = None,
    ) -> None:
        _check_types(model=(model, Module), settings=(settings, TrainingSettings))
        if not callable(loss):
            raise TypeError(
                f"loss must be a function of step and micro_step; got {type(loss).__name__}."
            )
        self.model, self.loss, self.settings, self.folder = model, loss, settings, Path(folder)
        self.evaluate, self.sample = evaluate, sample
        self.progress = progress or Silence()
        self.expected_initial_loss = expected_initial_loss
        self.optimizer = settings.optimizer_for(model)
        self.metrics = Metrics(self.folder / "metrics.jsonl")
        self.state = RunState()

    def run(self) -> Result:
        """Train from the latest checkpoint in the folder, or else from the start, to the end.

        A run that starts seeds all random streams; one that goes on puts them back. Afterwards the
        model is in evaluation mode.

        Raises:  Interrupted after a signal, with the state saved; TrainingError for numbers that
                 are not finite, unless the settings say to roll back; StorageError if something
                 cannot be written. The last good checkpoint is left as it is.
        """
        make_folder(self.folder)
        remove_orphans(self.folder)
        self._restore()
        self._session = _Session(self.state.seconds)
        self.progress.begin(self.state.step, self.settings.steps)
        try:
            with self.metrics, without_warnings_of_overflow(), stop_on_signals() as stop:
                self._train(stop)
        finally:
            self.progress.end()
        self.model.eval()
        return self._result()

    @property
    def _checkpoints(self) -> Path:
        return self.folder / "checkpoints"

    def _restore(self) -> None:
        """Put back the latest checkpoint, or begin, and forget whatever came after it."""
        self.optimizer.zero_grad()  # what an attempt that failed may have left
        found = resume_run(self._checkpoints, self.model, self.optimizer, self.settings)
        self.state = found or RunState()
        self.state.metrics_lines = self.metrics.keep(self.state.metrics_lines)
        self._saved = (self.state.step, self.state.looked_at) if found else None

    def _train(self, stop: StopRequest) -> None:
        """Steps until the last, and looks in between; a signal ends it between two steps."""
        if self.state.step == 0:
            self._save()  # a place that cannot be written to is better known now than in an hour
        while True:
            try:
                if self._advance(stop):
                    return
            except TrainingError as error:
                self._roll_back(error)

    def _advance(self, stop: StopRequest) -> bool:
        """Whatever is due, and one step; says whether the run is finished."""
        if stop.signal_number is not None:
            self._save()
            raise Interrupted(stop.signal_number)
        self._look()
        finished = self.state.step == self.settings.steps
        if finished or self._is_due("checkpoint_every"):
            self._save()
        if not finished:
            self._step()
        return finished

    def _roll_back(self, error: TrainingError) -> None:
        """Go back to the last checkpoint with a lower rate; or raise, if that is not wanted."""
        gone = self.state
        if self.settings.on_divergence == "stop":
            raise error
        if gone.rollbacks >= self.settings.max_rollbacks:
            tried = f"It was rolled back {gone.rollbacks} times, to a rate of {gone.rate_factor:g}"
            raise TrainingError(error.problem, f"{tried} times the settings'. Look at the data.")
        self._restore()
        state = self.state
        state.rollbacks = gone.rollbacks + 1
        state.rate_factor = gone.rate_factor * self.settings.rollback_factor
        state.best_validation_loss = gone.best_validation_loss  # its model lies in best/
        self._report(
            {
                "step": state.step,
                "rollback": state.rollbacks,
                "because": error.problem,
                "rate_factor": state.rate_factor,
            }
        )
        self._saved = None
        self._save()

    def _step(self) -> None:
        """One update by the mean gradient of the step's batches."""
        began = time.perf_counter()
        step = self.state.step
        self.model.train()
        loss = self._backward(step)
        norm = clip_gradients(self.model.parameters(), self.settings.clip or math.inf)
        check_step(self.model, step + 1, loss, norm)
        self.optimizer.lr = self.settings.learning_rate(step) * self.state.rate_factor
        self.optimizer.step()
        self.optimizer.zero_grad()
        if step == 0:
            self._compare_with_expectation(loss)
        self.state.step, self.state.loss = step + 1, loss
        self._record_step(norm, time.perf_counter() - began)

    def _record_step(self, norm: float, seconds: float) -> None:
        state = self.state
        n_tokens = getattr(self.loss, "n_tokens", 0) * self.settings.accumulation
        speed = self._session.add_step(n_tokens, seconds)
        values: dict[str, Any] = {"step": state.step, "loss": state.loss, "lr": self.optimizer.lr}
        values["gradient_norm"] = norm
        if n_tokens:
            values["tokens_per_second"] = round(speed, 1)
        values["seconds"] = round(self._session.seconds(), 3)
        self._write(values)
        self.progress.advance(values)

    def _backward(self, step: int) -> float:
        """The mean loss over the batches of a step, whose gradients are left in the parameters."""
        losses = []
        for micro_step in range(self.settings.accumulation):
            first_example = micro_step * self.settings.batch_size
            with training_step(step, micro_step, first_example):
                loss = self.loss(step, micro_step)
                if not isinstance(loss, Tensor):
                    raise TypeError(f"loss must return a tensor; got {type(loss).__name__}.")
                loss = loss / self.settings.accumulation
                loss.backward()
            losses.append(loss.detach())
        return math.fsum(loss.item() for loss in losses)

    def _look(self) -> None:
        """Evaluate and sample where it is due and was not done before the run was interrupted."""
        step = self.state.step
        if self.state.looked_at == step:
            return
        self.state.looked_at = step
        last = step == self.settings.steps
        if self.evaluate and (last or self._is_due("evaluate_every")):
            self._evaluate()
        if self.sample and self.settings.sample_every and (last or self._is_due("sample_every")):
            self._report({"step": step, "sample": self.sample()})

    def _is_due(self, name: str) -> bool:
        """Whether the setting `name` asks for something after this step."""
        every = getattr(self.settings, name)
        return every > 0 and self.state.step % every == 0

    def _evaluate(self) -> None:
        assert self.evaluate is not None
        values = {name: float(value) for name, value in self.evaluate().items()}
        check_evaluation(self.state.step, values)
        self._report({"step": self.state.step, **values})
        loss = values.get("validation_loss")
        self.state.validation_loss = loss
        best = self.state.best_validation_loss
        if loss is not None and (best is None or loss < best):
            self.state.best_validation_loss = loss
            self._save_model("best")

    def _save(self) -> None:
        """Write the model and then a checkpoint, unless there is one of just this state."""
        if self._saved == (self.state.step, self.state.looked_at):
            return
        check_parameters(self.model, self.state.step)
        self._save_model("model")
        self.metrics.sync()
        self.state.seconds = self._session.seconds()
        save_run(self._checkpoints, self.model, self.optimizer, self.state, self.settings)
        self._saved = (self.state.step, self.state.looked_at)

    def _save_model(self, name: str) -> None:
        save(self.model, self.folder / name)

    def _compare_with_expectation(self, loss: float) -> None:
        """Warn of a first loss that no fresh model should have."""
        expected = self.expected_initial_loss
        if expected is not None and abs(loss - expected) > _SURPRISE * abs(expected):
            warning = (
                f"the loss at the start is {loss:.3f}, and {expected:.3f} was expected of a model "
                "that knows nothing. Look at the initial weights and at the targets."
            )
            self._report({"step": 1, "warning": warning})

    def _report(self, values: dict[str, Any]) -> None:
        self._write(values)
        self.progress.report(values)

    def _write(self, values: dict[str, Any]) -> None:
        self.metrics.write(**values)
        self.state.metrics_lines += 1

    def _result(self) -> Result:
        return Result(
            steps=self.state.step,
            loss=self.state.loss,
            validation_loss=self.state.validation_loss,
            best_validation_loss=self.state.best_validation_loss,
            seconds=self.state.seconds,
            tokens_per_second=self._session.tokens_per_second(),
        )


class _Session:
    """The time that a run took, over all its parts, and the speed of this part."""

    def __init__(self, seconds_before: float) -> None:
        self._start = time.perf_counter() - seconds_before
        self._tokens, self._busy = 0, 0.0

    def seconds(self) -> float:
        return time.perf_counter() - self._start

    def add_step(self, n_tokens: int, seconds: float) -> float:
        """Count a step; returns its tokens per second."""
        self._tokens += n_tokens
        self._busy += seconds
        return n_tokens / max(seconds, 1e-9)

    def tokens_per_second(self) -> float:
        return self._tokens / self._busy if self._busy else 0.0


def _check_types(**given: tuple[Any, type]) -> None:
    for name, (value, kind) in given.items():
        if not isinstance(value, kind):
            raise TypeError(f"{name} must be a {kind.__name__}; got {type(value).__name__}.")

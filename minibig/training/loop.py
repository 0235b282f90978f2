"""The training loop, one for all objectives and tasks.

    now and then: an evaluation, a sample, a checkpoint
    update:       batches -> loss -> gradients -> new weights      (updates.py)

A run is a function of its settings, its data and its initial weights. Stopped anywhere and started
again, by a signal, a crash or a power cut, it arrives at the same bits: batches are asked for by
number, dropout masks are keyed by the step, and a checkpoint holds all the rest.
"""

import dataclasses
import os
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minibig.autograd import Tensor
from minibig.backend import random_state, set_random_state
from minibig.backend.checks import instance
from minibig.files.lock import locked
from minibig.nn import Module
from minibig.stopping import StopRequested
from minibig.storage import save
from minibig.training.clock import DATA, SAVING, STEPS, Clock
from minibig.training.computation import computed_by
from minibig.training.failures import (
    TrainingError,
    check_evaluation,
    check_loss,
    check_parameters,
    without_warnings_of_overflow,
)
from minibig.training.interruption import Interrupted, StopRequest, stop_on_signals
from minibig.training.looks import Look, looks_in_order, numbers_of
from minibig.training.metrics import Metrics
from minibig.training.progress import Progress, Silence
from minibig.training.run_state import RunState, resume_run, save_run
from minibig.training.settings import TrainingSettings
from minibig.training.updates import GradientUpdate, Update, batch_function

_SURPRISE = 0.1  # how far the first loss may lie from the expected one, as a part of it


@dataclass(frozen=True)
class Result:
    """How a run ended: `metrics` has the latest number of each name that its looks returned.

    `best` is the best value of the number that decides; `seconds` counts all parts of the run, and
    `spent` says how many of them went to steps, data, saving and each look. The speed is that of
    the last part.
    """

    steps: int
    loss: float | None
    metrics: dict[str, float]
    best: float | None
    seconds: float
    spent: dict[str, float]
    tokens_per_second: float

    @property
    def validation_loss(self) -> float | None:
        """The latest validation loss, if one was measured."""
        return self.metrics.get("validation_loss")


class Trainer:
    """A run: a model, what it is trained for and on, and a folder where all of it is kept.

    `loss(model, batch)` is a scalar tensor. `batches` has a method `batch(number)`, or is a
    function of the number; the loop numbers the batches from 0 on, and none comes twice. `looks`
    are called now and then. `update` takes the place of the usual `GradientUpdate`, and then loss
    and batches are its own.

    Two attributes may be set before `run`: `progress`, which shows the run, and
    `expected_initial_loss`, the loss of a model that knows nothing: a first loss far from it is
    warned of.

    Raises:  InputError for arguments of another kind.

    >>> import tempfile
    >>> from minibig.nn import Linear
    >>> layer, x = Linear(1, 1), mb.tensor([[1.0], [2.0]])
    >>> settings = TrainingSettings(steps=300, lr=0.1, weight_decay=0.0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     result = Trainer(
    ...         layer,
    ...         lambda model, x: ((model(x) - 3 * x) ** 2).mean(),
    ...         lambda number: x,
    ...         settings,
    ...         folder,
    ...     ).run()
    >>> result.steps, result.loss < 1e-3
    (300, True)
    """

    expected_initial_loss: float | None = None

    def __init__(
        self,
        model: Module,
        loss: Callable[[Any, Any], Tensor] | None,
        batches: Any,
        settings: TrainingSettings,
        folder: str | os.PathLike[str],
        *,
        looks: Iterable[Look] = (),
        update: Update | None = None,
    ) -> None:
        self.model = instance("model", model, Module)
        self.settings = _with_batch_size(settings, batches)
        self.folder = Path(folder)
        self.looks = looks_in_order(looks)
        self.clock = Clock()
        self.update = update or self._gradient_update(loss, batches)
        self.progress: Progress = Silence()
        self.metrics = Metrics(self.folder / "metrics.jsonl")
        self.state = RunState()

    def _gradient_update(self, loss: Any, batches: Any) -> GradientUpdate:
        """The usual update, whose batches are timed apart from the rest of a step."""
        batch = batch_function(batches)

        def timed(number: int) -> Any:
            with self.clock.on(DATA):
                return batch(number)

        return GradientUpdate(self.model, loss, timed, self.settings)

    def run(self) -> Result:
        """Train from the latest checkpoint in the folder, or else from the start, to the end.

        A run that starts seeds all random streams; one that goes on puts them back. A run that was
        finished goes on if the settings have more steps now. Afterwards the model is in evaluation
        mode.

        Raises:  Interrupted after a signal, with the state saved; TrainingError for numbers that
                 are not finite, unless the settings say to roll back; InputError if the folder
                 holds another run; StorageError if something cannot be written, or another process
                 trains in the folder. The last good checkpoint is left as it is.
        """
        with locked(self.folder):
            notes = self._restore()
            self.clock = Clock(self.state.seconds, self.state.spent)
            self._speed = _Speed()
            self.progress.begin(self.state.step, self.settings.steps)
            try:
                with self.metrics, without_warnings_of_overflow(), stop_on_signals() as stop:
                    for note in notes:
                        self._warn(note)
                    self._train(stop)
            finally:
                self._show("end")
        self.model.eval()
        return self._result()

    def _train(self, stop: StopRequest) -> None:
        """Looks, checkpoints and updates, each when it is due, until the last step is made."""
        if self.state.step == 0:
            self._save()  # finds at once a folder that cannot be written
        while True:
            try:
                if stop.signal_number is not None:
                    self._save()
                    raise Interrupted(stop.signal_number, is_late=stop.is_urgent())
                self._look()
                finished = self.state.step == self.settings.steps
                if finished or self._is_due_to_be_saved():
                    self._save()
                if not finished:
                    self._step()
                elif stop.signal_number is None:  # a signal during the last look is not lost
                    return
            except StopRequested:
                continue  # a look or a step was given up; nothing has changed, and it is saved
            except TrainingError as error:
                self._roll_back(error)

    def _step(self) -> None:
        """One update, and its line in the metrics."""
        began = time.perf_counter()
        with self._nothing_if_stopped(), self.clock.on(STEPS):
            values = dict(self.update(self.state.step))
        n_tokens = int(values.pop("n_tokens", 0))
        check_loss(self.state.step + 1, values)
        self.state.step, self.state.loss = self.state.step + 1, values["loss"]
        speed = self._speed.add_step(n_tokens, time.perf_counter() - began)
        if self.state.step == 1:
            self._compare_with_expectation(values["loss"])
        if n_tokens:
            values["tokens_per_second"] = round(speed, 1)
        values["seconds"] = round(self.clock.seconds(), 3)
        line = {"step": self.state.step, **values}
        self._write(line)
        self._show("advance", line)

    def _look(self) -> None:
        """Take the looks that are due and were not taken before the run was interrupted."""
        if self.state.looked_at == self.state.step:
            return
        with self._nothing_if_stopped():
            for look in self.looks:
                if look.is_due(self.state.step, self.settings.steps):
                    self._take(look)
        self.state.looked_at = self.state.step

    @contextmanager
    def _nothing_if_stopped(self) -> Iterator[None]:
        """What is given up within it, between two batches or tokens, leaves all as it was."""
        streams, before = random_state(), dataclasses.replace(self.state)
        try:
            yield
        except StopRequested:
            set_random_state(streams)
            self.state = before
            raise

    def _take(self, look: Look) -> None:
        """One look: a line in the metrics, and the model in best/ if it is better than before."""
        try:
            with self.clock.on(look.name):
                found = look.measure()
        except (StopRequested, TrainingError):
            raise
        except Exception as error:
            if look.best is not None:
                raise
            self._warn(f"the look {look.name} failed: {error}")
            return
        if isinstance(found, str):
            self._report({"step": self.state.step, look.name: found})
        elif found is not None:
            self._judge(look, numbers_of(look, found))

    def _judge(self, look: Look, values: dict[str, float]) -> None:
        """Record the numbers of a look, and keep the model if it is the best."""
        check_evaluation(self.state.step, values)
        self._report({"step": self.state.step, **values})
        self.state.measured = self.state.measured | values
        if look.best is not None and look.is_better(values[look.best], self.state.best):
            self.state.best = values[look.best]
            with self.clock.on(SAVING):
                self._save_model("best")

    def _is_due_to_be_saved(self) -> bool:
        every = self.settings.checkpoint_every
        return every > 0 and self.state.step % every == 0

    @property
    def _checkpoints(self) -> Path:
        return self.folder / "checkpoints"

    def _restore(self) -> list[str]:
        """Put back the latest checkpoint, or begin, and forget whatever came after it.

        Returns what has changed since, in sentences.
        """
        found, notes = resume_run(self._checkpoints, self.model, self.update, self.settings)
        self.state = found or RunState()
        self.state.kernels = computed_by(self.model)
        self.state.metrics_lines = self.metrics.keep(self.state.metrics_lines)
        self.update.lr_factor = self.state.lr_factor
        self._saved = (self.state.step, self.state.looked_at) if found else None
        return notes

    def _roll_back(self, error: TrainingError) -> None:
        """Go back to the last checkpoint with a lower learning rate; or raise, if so asked."""
        gone = self.state
        if self.settings.on_divergence == "stop":
            raise error
        if gone.rollbacks >= self.settings.max_rollbacks:
            raise TrainingError(
                error.problem,
                f"It was rolled back {gone.rollbacks} times, to {gone.lr_factor:g} times the "
                "learning rate of the settings. Look at the data.",
            )
        self._restore()
        state = self.state
        state.rollbacks = gone.rollbacks + 1
        state.lr_factor = gone.lr_factor * self.settings.rollback_factor
        state.best = gone.best  # its model lies in best/
        self.update.lr_factor = state.lr_factor
        self._report(
            {
                "step": state.step,
                "rollback": state.rollbacks,
                "because": error.problem,
                "lr_factor": state.lr_factor,
            }
        )
        self._saved = None
        self._save()

    def _save(self) -> None:
        """Write the model and then a checkpoint, unless there is one of just this state."""
        if self._saved == (self.state.step, self.state.looked_at):
            return
        with self.clock.on(SAVING):
            check_parameters(self.model, self.state.step)
            self._save_model("model")
            self.metrics.sync()
            self.state.seconds, self.state.spent = self.clock.seconds(), self.clock.spent()
            save_run(self._checkpoints, self.model, self.update, self.state, self.settings)
        self._saved = (self.state.step, self.state.looked_at)

    def _save_model(self, name: str) -> None:
        """Write the model; what there is to know about that is said once in a run."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            save(self.model, self.folder / name)
        if self.state.step == 0:
            for warning in caught:
                self._warn(str(warning.message))

    def _compare_with_expectation(self, loss: float) -> None:
        """Warn of a first loss that no fresh model should have."""
        expected = self.expected_initial_loss
        if expected is not None and abs(loss - expected) > _SURPRISE * abs(expected):
            self._warn(
                f"the loss at the start is {loss:.3f}, and {expected:.3f} was expected of a model "
                "that knows nothing. Look at the initial weights and at the targets."
            )

    def _warn(self, sentence: str) -> None:
        self._report({"step": self.state.step, "warning": sentence})

    def _report(self, values: dict[str, Any]) -> None:
        self._write(values)
        self._show("report", values)

    def _write(self, values: dict[str, Any]) -> None:
        self.metrics.write(**values)
        self.state.metrics_lines += 1

    def _show(self, method: str, *values: Any) -> None:
        """Pass on what is to be shown; a terminal that is gone ends no run."""
        try:
            getattr(self.progress, method)(*values)
        except Exception as error:
            self.progress = Silence()
            if method != "end":
                self._warn(f"the progress is not shown any more: {error}")

    def _result(self) -> Result:
        return Result(
            steps=self.state.step,
            loss=self.state.loss,
            metrics=dict(self.state.measured),
            best=self.state.best,
            seconds=self.state.seconds,
            spent=dict(self.state.spent),
            tokens_per_second=self._speed.tokens_per_second(),
        )


class _Speed:
    """The speed of the steps of this part of a run."""

    def __init__(self) -> None:
        self._tokens, self._busy = 0, 0.0

    def add_step(self, n_tokens: int, seconds: float) -> float:
        """Count a step; returns its tokens per second."""
        self._tokens += n_tokens
        self._busy += seconds
        return n_tokens / max(seconds, 1e-9)

    def tokens_per_second(self) -> float:
        return self._tokens / self._busy if self._busy else 0.0


def _with_batch_size(settings: TrainingSettings, batches: Any) -> TrainingSettings:
    """The settings with the batch size that the batches have, if they know it."""
    instance("settings", settings, TrainingSettings)
    size = getattr(batches, "batch_size", settings.batch_size)
    return dataclasses.replace(settings, batch_size=size)

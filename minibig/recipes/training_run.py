"""A training with what is usual on the way: evaluations, samples, and a picture of the losses."""

from collections.abc import Callable
from contextlib import suppress

from minibig.files import StorageError
from minibig.pictures import reason_not_drawn
from minibig.recipes.folder import is_run, record_training
from minibig.training import (
    Interrupted,
    Look,
    Result,
    Trainer,
    TrainingError,
    TrainingSettings,
    at_most_every,
    computed_by,
    shares,
    speed_of,
)

_BETWEEN_PICTURES = 30.0  # seconds; one takes a quarter of a second
_PICTURE = "picture"


def usual_looks(
    settings: TrainingSettings, evaluate: Callable[[], dict[str, float]], sample: Callable[[], str]
) -> list[Look]:
    """An evaluation that decides what is best, and samples unless they are switched off."""
    looks = [Look("validation", settings.evaluate_every, evaluate, best="validation_loss")]
    if settings.sample_every:
        looks.append(Look("sample", settings.sample_every, sample))
    return looks


def run_and_draw(trainer: Trainer, draw: Callable[[], None], say: Callable[[str], None]) -> Result:
    """The loop to its end; its picture is drawn on the way and then, also if it ends too early.

    After a signal it is drawn anew only if the run could stop at once. A picture that cannot be
    drawn is warned of, and ends nothing. At last the run says, and its record keeps, what its time
    was spent on; a run that was finished before has said so.
    """

    def draw_if_any() -> None:
        if any("loss" in line for line in trainer.metrics.read()):
            draw()

    def draw_on_the_way() -> None:
        if trainer.state.step < trainer.settings.steps:
            draw_if_any()

    say(f"kernels: {speed_of(trainer.model)}")
    _record(trainer, {})
    pictures = at_most_every(_BETWEEN_PICTURES, draw_on_the_way)
    trainer.looks = (*trainer.looks, Look(_PICTURE, trainer.settings.evaluate_every, pictures))
    try:
        result = trainer.run()
    except (Interrupted, TrainingError) as error:
        if not getattr(error, "is_late", False):
            with trainer.clock.on(_PICTURE):
                reason_not_drawn(draw_if_any)  # what ended the run is what has to be said
        _record(trainer, trainer.clock.spent())
        raise
    with trainer.clock.on(_PICTURE):
        reason = reason_not_drawn(draw_if_any)
    if reason:
        warning = f"the picture could not be drawn: {reason}"
        trainer.progress.report({"step": result.steps, "warning": warning})
    if result.tokens_per_second:
        _record(trainer, trainer.clock.spent())
        say(f"time: {trainer.clock.seconds():,.0f} s: {shares(trainer.clock.spent())}")
    return result


def _record(trainer: Trainer, spent: dict[str, float]) -> None:
    """Keep what computes the run and what its time was spent on, if that can be written."""
    with suppress(StorageError):
        if is_run(trainer.folder):
            record_training(trainer.folder, computed_by(trainer.model), spent)

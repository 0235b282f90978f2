"""A training with what is usual on the way: evaluations, samples, and a picture of the losses."""

from collections.abc import Callable

from minibig.pictures import reason_not_drawn
from minibig.training import (
    Interrupted,
    Look,
    Result,
    Trainer,
    TrainingError,
    TrainingSettings,
    at_most_every,
)

_BETWEEN_PICTURES = 10.0  # seconds


def usual_looks(
    settings: TrainingSettings, evaluate: Callable[[], dict[str, float]], sample: Callable[[], str]
) -> list[Look]:
    """An evaluation that decides what is best, and samples unless they are switched off."""
    looks = [Look("validation", settings.evaluate_every, evaluate, best="validation_loss")]
    if settings.sample_every:
        looks.append(Look("sample", settings.sample_every, sample))
    return looks


def run_and_draw(trainer: Trainer, draw: Callable[[], None]) -> Result:
    """The loop to its end; its picture is drawn on the way and then, also if it ends too early.

    After a signal it is drawn anew only if the run could stop at once. A picture that cannot be
    drawn is warned of, and ends nothing.
    """

    def draw_if_any() -> None:
        if any("loss" in line for line in trainer.metrics.read()):
            draw()

    pictures = at_most_every(_BETWEEN_PICTURES, draw_if_any)
    trainer.looks = (*trainer.looks, Look("picture", trainer.settings.evaluate_every, pictures))
    try:
        result = trainer.run()
    except (Interrupted, TrainingError) as error:
        if not getattr(error, "is_late", False):
            reason_not_drawn(draw_if_any)  # what ended the run is what has to be said
        raise
    if reason := reason_not_drawn(draw_if_any):
        warning = f"the picture could not be drawn: {reason}"
        trainer.progress.report({"step": result.steps, "warning": warning})
    return result

"""The loop that trains everything: steps, metrics, checkpoints, and resuming to the bit.

    batches = Batches(tokens, batch_size=12, context_length=64, seed=0)
    settings = TrainingSettings(steps=2000, lr=1e-3)
    looks = [Look("validation", 100, evaluate, best="validation_loss")]
    result = Trainer(model, next_token_loss, batches, settings, "runs/first", looks=looks).run()

A run that was stopped goes on when it is made again in the same folder; a finished one goes on if
its settings have more steps. A run that starts from the weights of another is a run of
`mb.load(its folder)` in a new folder.

Read in this order: settings, failures, updates (what a step is), clock, looks (evaluations,
samples), computation (what kernels), run_state, metrics, interruption, memory, progress, loop,
samples. Pictures of a run are in `minibig/pictures`.
"""

from typing import TYPE_CHECKING

from minibig.contents import contents as _contents

if TYPE_CHECKING:  # each name comes from its module when it is first asked for
    from minibig.training.clock import Clock, shares
    from minibig.training.computation import computed_by, has_to_compile, speed_of
    from minibig.training.failures import TrainingError
    from minibig.training.interruption import Interrupted
    from minibig.training.looks import Look, at_most_every
    from minibig.training.loop import Result, Trainer
    from minibig.training.memory import machine_memory, process_memory
    from minibig.training.metrics import Metrics
    from minibig.training.progress import Progress, ProgressBar, ProgressLog, progress_on
    from minibig.training.samples import opening, text_sampler
    from minibig.training.settings import OPTIMIZERS, SCHEDULES, TrainingSettings
    from minibig.training.updates import GradientUpdate, Update
else:
    __getattr__ = _contents(__name__, __file__)

__all__ = [
    "OPTIMIZERS",
    "SCHEDULES",
    "Clock",
    "GradientUpdate",
    "Interrupted",
    "Look",
    "Metrics",
    "Progress",
    "ProgressBar",
    "ProgressLog",
    "Result",
    "Trainer",
    "TrainingError",
    "TrainingSettings",
    "Update",
    "at_most_every",
    "computed_by",
    "has_to_compile",
    "machine_memory",
    "opening",
    "process_memory",
    "progress_on",
    "shares",
    "speed_of",
    "text_sampler",
]

"""The loop that trains everything: steps, metrics, checkpoints, and resuming to the bit.

    batches = Batches(tokens, batch_size=12, context_length=64, seed=0)
    settings = TrainingSettings(steps=2000, batch_size=12, lr=1e-3, checkpoint_every=500)
    result = Trainer(model, language_model_loss(model, batches), settings, "runs/first").run()

Read in this order: settings, metrics, interruption, failures, run_state, memory, progress, loop,
language_models. Pictures of a run are in `minibig/pictures`.
"""

from minibig.training.failures import TrainingError
from minibig.training.interruption import Interrupted
from minibig.training.language_models import language_model_loss, text_sampler
from minibig.training.loop import Result, Trainer
from minibig.training.memory import machine_memory, process_memory
from minibig.training.metrics import Metrics
from minibig.training.progress import (
    Progress,
    ProgressBar,
    ProgressLog,
    ProgressPicture,
    progress_on,
)
from minibig.training.settings import OPTIMIZERS, SCHEDULES, TrainingSettings

__all__ = [
    "OPTIMIZERS",
    "SCHEDULES",
    "Interrupted",
    "Metrics",
    "Progress",
    "ProgressBar",
    "ProgressLog",
    "ProgressPicture",
    "Result",
    "Trainer",
    "TrainingError",
    "TrainingSettings",
    "language_model_loss",
    "machine_memory",
    "process_memory",
    "progress_on",
    "text_sampler",
]

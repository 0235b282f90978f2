"""The loop that trains everything: steps, metrics, pictures, checkpoints, and resuming to the bit.

    batches = Batches(tokens, batch_size=12, context_length=64, seed=0)
    settings = TrainingSettings(steps=2000, batch_size=12, lr=1e-3, checkpoint_every=500)
    result = Trainer(model, language_model_loss(model, batches), settings, "runs/first").run()

Read in this order: settings, metrics, interruption, failures, run_state, memory, progress, loop,
language_models, fonts, pictures.
"""

from minibig.training.failures import TrainingError
from minibig.training.fonts import legible, use_installed_fonts
from minibig.training.interruption import Interrupted
from minibig.training.language_models import language_model_loss, text_sampler
from minibig.training.loop import Result, Trainer
from minibig.training.memory import machine_memory, process_memory
from minibig.training.metrics import Metrics
from minibig.training.pictures import (
    Phase,
    draw_losses,
    draw_phases,
    draw_runs,
    picture_of,
    smoothed_losses,
)
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
    "Phase",
    "Progress",
    "ProgressBar",
    "ProgressLog",
    "ProgressPicture",
    "Result",
    "Trainer",
    "TrainingError",
    "TrainingSettings",
    "draw_losses",
    "draw_phases",
    "draw_runs",
    "language_model_loss",
    "legible",
    "machine_memory",
    "picture_of",
    "process_memory",
    "progress_on",
    "smoothed_losses",
    "text_sampler",
    "use_installed_fonts",
]

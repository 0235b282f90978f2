"""Optimizers, learning-rate schedules and gradient clipping.

    optimizer = AdamW(decay_groups(model, weight_decay=0.1), lr=1e-3)
    schedule = cosine_schedule(1e-3, total_steps=2000, warmup_steps=100)
    ...
    norm = clip_gradients(model.parameters(), max_norm=1.0)
    optimizer.lr = schedule(step)
    optimizer.step()
    optimizer.zero_grad()

Read in this order: parameter_groups, saved_states, optimizers, matrix_optimizers, choice;
schedules, clipping. The formulas stand in `ops/updates.py`.
"""

from typing import TYPE_CHECKING

from minibig.other_names import hints as _hints
from minibig.optim.clipping import clip_gradients
from minibig.optim.matrix_optimizers import Adafactor, Muon, muon_groups
from minibig.optim.optimizers import SGD, Adam, AdamW, Optimizer
from minibig.optim.parameter_groups import ParameterGroup, decay_groups, named_group
from minibig.optim.schedules import (
    constant_schedule,
    cosine_schedule,
    inverse_square_root_schedule,
    linear_schedule,
)
from minibig.optim.choice import RATES, adapted_rates, optimizer_for

__all__ = [
    "RATES",
    "SGD",
    "Adafactor",
    "Adam",
    "AdamW",
    "Muon",
    "Optimizer",
    "ParameterGroup",
    "adapted_rates",
    "clip_gradients",
    "constant_schedule",
    "cosine_schedule",
    "decay_groups",
    "inverse_square_root_schedule",
    "linear_schedule",
    "muon_groups",
    "named_group",
    "optimizer_for",
]

_WAYS = {  # what PyTorch has under other names
    "RMSprop": "There is none; there is mb.optim.Adam.",
    "lr_scheduler": "Use mb.optim.cosine_schedule or the like: optimizer.lr = schedule(step).",
}

if not TYPE_CHECKING:  # a type checker knows what there is
    __getattr__ = _hints(__name__, __all__, _WAYS)

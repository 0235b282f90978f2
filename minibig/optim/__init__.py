"""Optimizers, learning-rate schedules and gradient clipping.

optimizer = AdamW(decay_groups(model, weight_decay=0.1), lr=1e-3)
schedule = cosine(1e-3, total_steps=2000, warmup_steps=100)
...
norm = clip_gradients(model.parameters(), max_norm=1.0)
optimizer.lr = schedule(step)
optimizer.step()
optimizer.zero_grad()
"""

from minibig.ops import adafactor_update, muon_update
from minibig.optim.clipping import clip_gradients
from minibig.optim.matrix_optimizers import Adafactor, Muon, muon_groups
from minibig.optim.optimizers import SGD, Adam, AdamW, Optimizer
from minibig.optim.parameter_groups import ParameterGroup, decay_groups
from minibig.optim.schedules import constant, cosine, inverse_square_root, linear

__all__ = [
    "SGD",
    "Adafactor",
    "Adam",
    "AdamW",
    "Muon",
    "Optimizer",
    "ParameterGroup",
    "adafactor_update",
    "clip_gradients",
    "constant",
    "cosine",
    "decay_groups",
    "inverse_square_root",
    "linear",
    "muon_groups",
    "muon_update",
]

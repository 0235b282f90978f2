"""Optimizers by their names, and what a learning rate that was meant for one means for another."""

from collections.abc import Mapping
from typing import Any

from minibig.backend.checks import one_of
from minibig.optim.matrix_optimizers import Adafactor, Muon, muon_groups
from minibig.optim.optimizers import AdamW, Optimizer
from minibig.optim.parameter_groups import decay_groups

# Learning rates as multiples of AdamW's. A step of Adafactor is a part of the weight, and weights
# begin at about 0.02; of 10, 30 and about 50, tried with two presets, 30 learned well with both.
RATES = {"adamw": 1, "muon": 1, "adafactor": 30}


def optimizer_for(
    model: Any, name: str, *, lr: float, weight_decay: float, betas: tuple[float, float]
) -> Optimizer:
    """A new optimizer of all parameters of a model; vectors among them do not decay.

    Adafactor has no use for `betas`.

    >>> from minibig.nn import Linear
    >>> optimizer_for(Linear(3, 2), "adafactor", lr=0.03, weight_decay=0.0, betas=(0.9, 0.99)).lr
    0.03
    """
    one_of("optimizer", name, RATES)
    if name == "muon":
        return Muon(muon_groups(model, weight_decay), lr=lr, betas=betas)
    groups = decay_groups(model, weight_decay)
    if name == "adafactor":
        return Adafactor(groups, lr=lr)
    return AdamW(groups, lr=lr, betas=betas)


def adapted_rates(settings: Mapping[str, Any], name: str) -> dict[str, float]:
    """The `lr`, `min_lr` and `weight_decay` of some settings, converted for the optimizer `name`.

    The weight decay changes so that each step takes off as much as before.

    >>> adapted_rates({"optimizer": "adamw", "lr": 1e-3, "weight_decay": 0.3}, "adafactor")
    {'lr': 0.03, 'weight_decay': 0.01}
    """
    factor = RATES[one_of("optimizer", name, RATES)] / RATES[settings["optimizer"]]
    factors = {"lr": factor, "min_lr": factor, "weight_decay": 1 / factor}
    return {  # twelve digits, as people write such numbers
        key: float(f"{wanted * settings[key]:.12g}")
        for key, wanted in factors.items()
        if key in settings
    }

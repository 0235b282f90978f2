"""Learning-rate schedules: functions of the number of a step, counted from 0.

    optimizer.lr = schedule(step)

Each one warms up first. With w = warmup_steps and η = lr, the rate of step s < w is

    η·(s + 1) / (w + 1)

so the first step already moves, and step w is the first at the full rate η. A schedule holds no
state: resuming a run needs the step and nothing else.

Source:  Goyal et al. 2017, arXiv:1706.02677, section 2.2 (gradual warm-up); the + 1 as in nanoGPT.
"""

import math
from collections.abc import Callable
from typing import TypeAlias

from minibig.backend.checks import number, whole
from minibig.backend.errors import InputError

Schedule: TypeAlias = Callable[[int], float]


def constant_schedule(lr: float, *, warmup_steps: int = 0) -> Schedule:
    """η after the warm-up.

    >>> schedule = constant_schedule(1.0, warmup_steps=3)
    >>> [schedule(step) for step in range(6)]
    [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]
    """
    return _warmed_up(lr, warmup_steps, lambda s: lr)


def linear_schedule(
    lr: float, *, total_steps: int, warmup_steps: int = 0, min_lr: float = 0.0
) -> Schedule:
    """A straight line from η at step w to η_min at step N = total_steps, and η_min from then on.

        η_min + (η − η_min)·(1 − r),   r = (s − w) / (N − w)

    Source:  Devlin et al. 2019, arXiv:1810.04805, appendix A.2 (warm-up, then linear decay).

    >>> schedule = linear_schedule(1.0, total_steps=4)
    >>> [schedule(step) for step in range(6)]
    [1.0, 0.75, 0.5, 0.25, 0.0, 0.0]
    """
    _check_decay(lr, min_lr, warmup_steps, total_steps)

    def decay(s: int) -> float:
        r = min(1.0, (s - warmup_steps) / (total_steps - warmup_steps))
        return min_lr + (lr - min_lr) * (1 - r)

    return _warmed_up(lr, warmup_steps, decay)


def cosine_schedule(
    lr: float, *, total_steps: int, warmup_steps: int = 0, min_lr: float = 0.0
) -> Schedule:
    """Half a cosine from η at step w to η_min at step N = total_steps, and η_min from then on.

        η_min + (η − η_min)·(1 + cos(π·r)) / 2,   r = (s − w) / (N − w)

    Source:  Loshchilov and Hutter 2017, arXiv:1608.03983, eq. 5, without restarts.

    >>> schedule = cosine_schedule(1.0, total_steps=4, min_lr=0.5)
    >>> [round(schedule(step), 3) for step in range(6)]
    [1.0, 0.927, 0.75, 0.573, 0.5, 0.5]
    """
    _check_decay(lr, min_lr, warmup_steps, total_steps)

    def decay(s: int) -> float:
        r = min(1.0, (s - warmup_steps) / (total_steps - warmup_steps))
        return min_lr + (lr - min_lr) * (1 + math.cos(math.pi * r)) / 2

    return _warmed_up(lr, warmup_steps, decay)


def inverse_square_root_schedule(lr: float, *, warmup_steps: int) -> Schedule:
    """η·√((w + 1) / (s + 1)) after the warm-up: slower and slower, without an end.

    Source:  Vaswani et al. 2017, arXiv:1706.03762, eq. 3, where η = 1 / √(D·(w + 1)) for the
             model width D, and steps are counted from 1.

    >>> schedule = inverse_square_root_schedule(1.0, warmup_steps=3)
    >>> [round(schedule(step), 3) for step in (0, 1, 3, 15, 63)]
    [0.25, 0.5, 1.0, 0.5, 0.25]
    """
    return _warmed_up(lr, warmup_steps, lambda s: lr * math.sqrt((warmup_steps + 1) / (s + 1)))


def _warmed_up(lr: float, warmup_steps: int, after: Schedule) -> Schedule:
    """The warm-up, and the schedule `after` from step w on."""
    number("lr", lr, 0)
    whole("warmup_steps", warmup_steps, 0)

    def schedule(step: int) -> float:
        whole("step", step, 0)
        return lr * (step + 1) / (warmup_steps + 1) if step < warmup_steps else after(step)

    return schedule


def _check_decay(lr: float, min_lr: float, warmup_steps: int, total_steps: int) -> None:
    number("lr", lr, 0)
    number("min_lr", min_lr, 0)
    whole("warmup_steps", warmup_steps, 0)
    whole("total_steps", total_steps, 0)
    if min_lr > lr:
        raise InputError(f"min_lr must be at most lr = {lr}; got {min_lr}.")
    if total_steps <= warmup_steps:
        raise InputError(
            f"total_steps must be more than warmup_steps = {warmup_steps}; got {total_steps}. "
            "Train longer or shorten the warm-up."
        )

"""A run that went wrong in its numbers: which step, which loss, and where the first bad number is.

Nothing is searched while all is well: one look at the loss and at the gradient norm of each step
says whether there is a NaN or an infinity anywhere.
"""

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from minibig.backend import Array, InputError, namespace
from minibig.nn import Module

_ADVICE = (
    "Nothing was saved since the last checkpoint: lower the learning rate, clip the gradient, or "
    "look at the data."
)


class TrainingError(InputError):
    """The numbers of a run are no longer finite: the `problem`, in a sentence, and what to do."""

    def __init__(self, problem: str, advice: str) -> None:
        super().__init__(f"{problem} {advice}")
        self.problem = problem


@contextmanager
def without_warnings_of_overflow() -> Iterator[None]:
    """Within it NumPy says nothing of overflow and NaN: each step is checked, and told in a line.

    The threads of the kernels would not see `numpy.errstate`, which belongs to one thread.
    """
    with warnings.catch_warnings():
        words = r"(overflow|invalid value|divide by zero) encountered"
        warnings.filterwarnings("ignore", words, RuntimeWarning)
        yield


def check_step(model: Module, step: int, loss: float, norm: float) -> None:
    """Raise before an update by a gradient that is not finite.

    Raises:  TrainingError that names the step, the loss, and the first parameter whose value, or
             else whose gradient, holds a NaN or an infinity.
    """
    if math.isfinite(loss) and math.isfinite(norm):
        return
    where = _first_bad(model) or "no single parameter or gradient holds a NaN or an infinity"
    raise TrainingError(
        f"step {step} has the loss {loss:.6g} and the gradient norm {norm:.6g}; {where}.", _ADVICE
    )


def check_loss(step: int, values: dict[str, float]) -> None:
    """Raise if an update returns a loss that is not finite, or none."""
    if not isinstance(values.get("loss"), int | float):
        raise InputError(f"an update must return its loss as a number; got {values.get('loss')!r}.")
    if not math.isfinite(values["loss"]):
        raise TrainingError(f"step {step} has the loss {values['loss']:.6g}.", _ADVICE)


def check_parameters(model: Module, step: int) -> None:
    """Raise if a parameter is not finite, before it is saved over a good one."""
    for name, parameter in model.named_parameters():
        if not _is_finite(parameter.data):
            raise TrainingError(
                f"after step {step} the parameter {name} holds a NaN or an infinity.", _ADVICE
            )


def check_evaluation(step: int, values: dict[str, float]) -> None:
    """Raise if something that was measured is not finite."""
    for name, value in values.items():
        if not math.isfinite(value):
            raise TrainingError(f"after step {step} the {name} is {value}.", "Look at the data.")


def _first_bad(model: Module) -> str:
    """A phrase about the first parameter that is not finite; values come before gradients."""
    parameters = list(model.named_parameters())
    for name, parameter in parameters:
        if not _is_finite(parameter.data):
            return f"the first bad tensor is the parameter {name}"
    for name, parameter in parameters:
        gradient: Any = parameter.grad
        if gradient is not None and not _is_finite(gradient.data):
            return f"the first bad tensor is the gradient of {name}"
    return ""


def _is_finite(array: Array) -> bool:
    return bool(namespace(array).isfinite(array).all())

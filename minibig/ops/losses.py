"""Losses (损失函数): how far a prediction is from the truth, as one number to make small.

The gradient of the cross-entropy with respect to the logits is softmax(logits) − target: the
distribution that is, minus the one that should be.
"""

import math

from minibig.autograd import composite, fusible
from minibig.backend import InputError
from minibig.backend.checks import one_of
from minibig.ops.arithmetic import where
from minibig.ops.elementwise import softplus
from minibig.ops.indexing import array_of, checked_ids, gather, take
from minibig.ops.softmaxes import log_softmax

REDUCTIONS = ("mean", "sum", "none")

@fusible
def cross_entropy(
    logits, targets, /, *, weights=None, ignore_index: int = -100, label_smoothing: float = 0.0,
    reduction: str = "mean",
):
    """−Σ q ln p, p = softmax(logits), averaged over the targets that are not ignored; in nats.

    Targets are class numbers, whose q is 1 at the class; or the probabilities q themselves. With
    label smoothing ε, q becomes (1 − ε)·q + ε/V. With weights w of the classes, ln p becomes
    w·ln p, and the mean divides by the sum of the targets' weights. The reduction may also be
    "sum", or "none": a loss for each target, 0 where it is ignored.

    Shapes:  logits (..., V), targets (...) of integers or (..., V) of probabilities,
             weights (V)  ->  (), or (...) without a reduction.
    Raises:  InputError for a class outside [0, V) that is not `ignore_index`.
    Source:  Szegedy et al. 2016, arXiv:1512.00567, section 7, for label smoothing.

    >>> mb.cross_entropy(mb.zeros((2, 65)), mb.tensor([3, 64]))      # ln 65
    tensor(4.1744)
    """
    V = logits.shape[-1]
    log_p = log_softmax(logits, axis=-1)  # (..., V)
    log_p = log_p if weights is None else log_p * weights
    if targets.dtype.kind in "iu":
        kept = targets != ignore_index
        classes = where(kept, targets, 0)
        nll = -gather(log_p, classes[..., None])[..., 0]  # (...)
    else:
        kept = (targets == targets).sum(axis=-1) > 0
        nll = -(targets * log_p).sum(axis=-1)
    if label_smoothing:
        nll = (1 - label_smoothing) * nll - (label_smoothing / V) * log_p.sum(axis=-1)
    losses = where(kept, nll, 0.0)
    if reduction != "mean":
        return _reduced(losses, reduction)
    if weights is not None and targets.dtype.kind in "iu":
        count = where(kept, take(weights, classes), 0.0).sum()
    else:
        count = kept.astype(nll.dtype).sum()
    none = count == 0
    return where(none, math.nan, losses.sum() / where(none, 1.0, count))  # NaN if none is kept

@cross_entropy.check
def _check_cross_entropy(logits, targets, *, weights, ignore_index, label_smoothing, reduction):
    targets, shape = array_of(targets, "targets"), logits.shape
    one_of("reduction", reduction, REDUCTIONS)
    if weights is not None and array_of(weights, "weights").shape != shape[-1:]:
        raise InputError(f"weights must have shape {shape[-1:]}; got {weights.shape}.")
    are_classes = targets.dtype.kind in "iu"
    if not 0 <= label_smoothing < 1:
        raise InputError(f"label_smoothing must lie in [0, 1); got {label_smoothing}.")
    if not shape or targets.shape != (shape[:-1] if are_classes else shape):
        needed = f"logits of shape {shape} need classes {shape[:-1]} or probabilities {shape}"
        raise InputError(f"cross_entropy: {needed}; got {targets.dtype} {targets.shape}.")
    if are_classes:
        checked_ids(targets[targets != ignore_index], shape[-1], "class numbers")
    elif targets.dtype.kind != "f":
        raise InputError(f"targets must be integers or probabilities; got {targets.dtype}.")

@composite
def mean_squared_error(x, targets, /, *, reduction: str = "mean"):
    """mean (x − target)²; the reduction may also be "sum" or "none".

    >>> mb.mean_squared_error(mb.tensor([1.0, 2.0]), mb.tensor([1.0, 4.0]))
    tensor(2.)
    """
    _expect_same_shape("mean_squared_error", x, targets)
    difference = x - targets
    return _reduced(difference * difference, reduction)

@composite
def binary_cross_entropy_with_logits(logits, targets, /, *, reduction: str = "mean"):
    """mean −(y ln σ(x) + (1 − y) ln(1 − σ(x))) = mean ln(1 + eˣ) − x·y, for x the logits.

    The reduction may also be "sum" or "none".

    >>> mb.binary_cross_entropy_with_logits(mb.tensor([0.0]), mb.tensor([1.0]))
    tensor(0.6931472)
    """
    _expect_same_shape("binary_cross_entropy_with_logits", logits, targets)
    return _reduced(softplus(logits) - logits * targets, reduction)

def _reduced(losses, reduction: str):
    """The mean or the sum of the losses, or the losses as they are."""
    one_of("reduction", reduction, REDUCTIONS)
    return {"mean": losses.mean, "sum": losses.sum, "none": lambda: losses}[reduction]()

def _expect_same_shape(name: str, x, targets) -> None:
    if x.shape != targets.shape:
        got = f"{x.shape} and {targets.shape}. Broadcasting would hide a mistake: reshape one"
        raise InputError(f"{name}: both must have one shape; got {got}.")

"""Losses (损失函数): how far a prediction is from the truth, as one number to make small.

The gradient of the cross-entropy with respect to the logits is softmax(logits) − target: the
distribution that is, minus the one that should be.
"""

import math

from minibig.autograd import composite, fusible
from minibig.backend import InputError
from minibig.ops.arithmetic import maximum, where
from minibig.ops.elementwise import softplus
from minibig.ops.indexing import array_of, checked_ids, gather
from minibig.ops.softmaxes import log_softmax

@fusible
def cross_entropy(logits, targets, /, *, ignore_index: int = -100, label_smoothing: float = 0.0):
    """−Σ q ln p, p = softmax(logits), averaged over the targets that are not ignored; in nats.

    Targets are class numbers, whose q is 1 at the class; or the probabilities q themselves. With
    label smoothing ε, q becomes (1 − ε)·q + ε/V.

    Shapes:  logits (..., V), targets (...) of integers or (..., V) of probabilities  ->  ().
    Raises:  InputError for a class outside [0, V) that is not `ignore_index`.
    Source:  Szegedy et al. 2016, arXiv:1512.00567, section 7, for label smoothing.

    >>> mb.cross_entropy(mb.zeros((2, 65)), mb.tensor([3, 64]))      # ln 65
    tensor(4.1744)
    """
    V = logits.shape[-1]
    log_p = log_softmax(logits, axis=-1)  # (..., V)
    if targets.dtype.kind in "iu":
        kept = targets != ignore_index
        nll = -gather(log_p, where(kept, targets, 0)[..., None])[..., 0]  # (...)
    else:
        kept = (targets == targets).sum(axis=-1) > 0
        nll = -(targets * log_p).sum(axis=-1)
    if label_smoothing:
        nll = (1 - label_smoothing) * nll - (label_smoothing / V) * log_p.sum(axis=-1)
    total, count = where(kept, nll, 0.0).sum(), kept.astype(nll.dtype).sum()
    return where(count == 0, math.nan, total / maximum(count, 1.0))  # NaN if none is kept

@cross_entropy.check
def _check_cross_entropy(logits, targets, *, ignore_index, label_smoothing):
    targets, shape = array_of(targets, "targets"), logits.shape
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
def mean_squared_error(x, targets, /):
    """mean (x − target)².

    >>> mb.mean_squared_error(mb.tensor([1.0, 2.0]), mb.tensor([1.0, 4.0]))
    tensor(2.)
    """
    _expect_same_shape("mean_squared_error", x, targets)
    difference = x - targets
    return (difference * difference).mean()

@composite
def binary_cross_entropy_with_logits(logits, targets, /):
    """mean −(y ln σ(x) + (1 − y) ln(1 − σ(x))) = mean ln(1 + eˣ) − x·y, for x the logits.

    >>> mb.binary_cross_entropy_with_logits(mb.tensor([0.0]), mb.tensor([1.0]))
    tensor(0.6931472)
    """
    _expect_same_shape("binary_cross_entropy_with_logits", logits, targets)
    return (softplus(logits) - logits * targets).mean()

def _expect_same_shape(name: str, x, targets) -> None:
    if x.shape != targets.shape:
        got = f"{x.shape} and {targets.shape}. Broadcasting would hide a mistake: reshape one"
        raise InputError(f"{name}: both must have one shape; got {got}.")

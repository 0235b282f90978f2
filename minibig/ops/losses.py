"""Losses (损失函数): how far a prediction is from the truth, as one number to make small.

The gradient of the cross-entropy with respect to the logits is softmax(logits) − target: the
distribution that is, minus the one that should be.
"""

import math

from minibig.autograd import Tensor, fusible
from minibig.backend import InputError, Shape, checks, real
from minibig.ops.arithmetic import where
from minibig.ops.elementwise import softplus
from minibig.ops.indexing import SAME_VOCABULARY, checked_ids, gather, take
from minibig.ops.operands import array_of, expect_shape, in_single_precision, widened
from minibig.ops.softmaxes import log_softmax

REDUCTIONS = ("mean", "sum", "none")

@fusible
def cross_entropy(
    logits, targets, /, *, weights=None, ignore_index: int = -100, label_smoothing: float = 0.0,
    reduction: str = "mean",
):
    """−ln pₖ, p = softmax(logits) and k the class, averaged over the targets; in nats.

    Targets are class numbers; those that equal `ignore_index` do not count. With label smoothing ε
    the loss is −(1 − ε)·ln pₖ − ε/V·Σ ln p. With weights w of the classes, ln p becomes w·ln p, and
    the mean divides by the sum of the targets' weights. The reduction may also be "sum", or "none":
    a loss for each target, 0 where it is ignored. The mean of no targets is NaN.

    Shapes:  logits (..., V), targets (...), weights (V)  ->  (), or (...) without a reduction.
    Raises:  InputError for a class outside [0, V) that is not `ignore_index`.
    Source:  Szegedy et al. 2016, arXiv:1512.00567, section 7, for label smoothing.

    >>> mb.cross_entropy(mb.zeros((2, 65)), mb.tensor([3, 64]))      # ln 65
    tensor(4.1744)
    """
    log_p = _log_p(logits, weights)  # (..., V)
    kept = targets != ignore_index  # (...)
    classes = where(kept, targets, 0)
    losses = -gather(log_p, classes[..., None])[..., 0]
    losses = where(kept, _smoothed(losses, log_p, label_smoothing), 0.0)
    if reduction != "mean":
        return _reduced(losses, reduction).astype(real(logits).dtype)
    counted = kept if weights is None else where(kept, take(weights, classes), 0.0)
    count = counted.astype(losses.dtype).sum()
    none = count == 0
    mean = where(none, math.nan, losses.sum() / where(none, 1.0, count))
    return mean.astype(real(logits).dtype)

def soft_cross_entropy(
    logits, probabilities, /, *, weights=None, label_smoothing: float = 0.0,
    reduction: str = "mean",
) -> Tensor:
    """−Σ q ln p, p = softmax(logits), for targets that are distributions q; in nats.

    With label smoothing ε, q becomes (1 − ε)·q + ε/V. With weights w of the classes, ln p becomes
    w·ln p. The reduction may also be "sum", or "none": a loss for each distribution.

    Shapes:  logits, probabilities (..., V), weights (V)  ->  (), or (...) without a reduction.
    Source:  Hinton et al. 2015, arXiv:1503.02531, section 2, where q is a teacher's distribution.

    >>> mb.soft_cross_entropy(mb.zeros((1, 4)), mb.tensor([[0.5, 0.5, 0.0, 0.0]]))      # ln 4
    tensor(1.3863)
    """
    expect_shape("soft_cross_entropy: probabilities", probabilities, logits.shape)
    if probabilities.dtype.kind != "f":
        got = f"{probabilities.dtype}. Use cross_entropy for class numbers"
        raise InputError(f"soft_cross_entropy: targets must be probabilities; got {got}.")
    _check_settings(logits.shape, weights, label_smoothing, reduction)
    log_p = _log_p(logits, weights)
    q = _like(probabilities, log_p)
    losses = -(q * where(q == 0, 0.0, log_p)).sum(axis=-1)  # 0·ln 0 is 0
    losses = _smoothed(losses, log_p, label_smoothing)
    return _reduced(losses, reduction).astype(real(logits).dtype)

def _log_p(logits, weights):
    """ln softmax, times the weights of the classes."""
    log_p = log_softmax(widened(logits), axis=-1)
    return log_p if weights is None else log_p * weights

def _smoothed(losses, log_p, label_smoothing: float):
    """The losses, of which a share ε is that of a target spread evenly over the classes."""
    if not label_smoothing:
        return losses
    return (1 - label_smoothing) * losses - (label_smoothing / log_p.shape[-1]) * log_p.sum(axis=-1)

def _like(targets, x):
    """The targets in the dtype of the predictions: float64 targets do not widen a float32 loss."""
    return targets.astype(x.dtype) if x.dtype.kind == targets.dtype.kind == "f" else targets

def _check_settings(shape: Shape, weights, label_smoothing: float, reduction: str) -> None:
    checks.one_of("reduction", reduction, REDUCTIONS)
    checks.number("label_smoothing", label_smoothing, 0, below=1)
    expect_shape("weights", weights, shape[-1:])

@cross_entropy.check
def _check_cross_entropy(logits, targets, *, weights, ignore_index, label_smoothing, reduction):
    targets, shape = array_of(targets, "targets"), logits.shape
    _check_settings(shape, weights, label_smoothing, reduction)
    checks.whole("ignore_index", ignore_index)
    if targets.dtype.kind not in "iu":
        got = f"{targets.dtype}. Use soft_cross_entropy for probabilities"
        raise InputError(f"cross_entropy: targets must be class numbers, integers; got {got}.")
    checks.whole("cross_entropy: the number of axes of the logits", logits.ndim, 1)
    expect_shape("cross_entropy: targets", targets, shape[:-1])
    checked_ids(targets[targets != ignore_index], shape[-1], "class numbers", SAME_VOCABULARY)

@in_single_precision
def mean_squared_error(x, targets, /, *, reduction: str = "mean") -> Tensor:
    """mean (x − target)²; the reduction may also be "sum" or "none".

    >>> mb.mean_squared_error(mb.tensor([1.0, 2.0]), mb.tensor([1.0, 4.0]))
    tensor(2.)
    """
    expect_shape("mean_squared_error: targets", targets, x.shape)
    difference = x - _like(targets, x)
    return _reduced(difference * difference, reduction)

@in_single_precision
def binary_cross_entropy_with_logits(logits, targets, /, *, reduction: str = "mean") -> Tensor:
    """mean −(y ln σ(x) + (1 − y) ln(1 − σ(x))) = mean ln(1 + eˣ) − x·y, for x the logits.

    The reduction may also be "sum" or "none".

    >>> mb.binary_cross_entropy_with_logits(mb.tensor([0.0]), mb.tensor([1.0]))
    tensor(0.6931472)
    """
    expect_shape("binary_cross_entropy_with_logits: targets", targets, logits.shape)
    return _reduced(softplus(logits) - logits * _like(targets, logits), reduction)

def _reduced(losses, reduction: str):
    """The mean or the sum of the losses, or the losses as they are."""
    checks.one_of("reduction", reduction, REDUCTIONS)
    return {"mean": losses.mean, "sum": losses.sum, "none": lambda: losses}[reduction]()

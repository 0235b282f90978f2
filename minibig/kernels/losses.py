"""cross_entropy: the gradient is ready when the loss is.

A block of rows is read once: e^(x − max) is written where the gradient will be, its sum gives the
loss, and softmax − target is made of it while it is still in cache. The backward pass has only to
multiply by the gradient of the loss, which is nearly always 1.
"""

import numpy as np

from minibig.kernels.loops import loop
from minibig.kernels.parallel import BLOCK, as_rows, for_blocks, is_plain, rows_of
from minibig.ops import cross_entropy


@loop
def cross_entropy_rows(x, classes, ignored, smoothing, share, losses, e):
    """losses = ln Σ eˣ − (1 − ε)·x_k − ε·mean x,  x less its maximum.

    e becomes the gradient, share·(softmax(x) − (1 − ε)·1_k − ε/V). Where the class is `ignored`
    both are 0.
    """
    kept, here = classes != ignored, np.arange(len(x))
    wanted = np.where(kept, classes, 0)
    np.subtract(x, x.max(axis=-1, keepdims=True), out=e)
    log_p = e[here, wanted]
    if smoothing:
        log_p = (1 - smoothing) * log_p + smoothing * e.mean(axis=-1)
    np.exp(e, out=e)
    total = e.sum(axis=-1)
    losses[:] = np.where(kept, np.log(total) - log_p, 0)
    shares = kept.astype(x.dtype) * share
    e *= (shares / total)[:, None]
    if smoothing:
        e -= (shares * (smoothing / x.shape[1]))[:, None]
    e[here, wanted] -= shares * (1 - smoothing)


@cross_entropy.kernel("cpu")
def forward(logits, targets, *, keep, weights, ignore_index, label_smoothing, reduction):
    if weights is not None or reduction != "mean" or not is_plain(logits) or not logits.size:
        return NotImplemented
    rows, classes = as_rows(logits), np.ascontiguousarray(targets.reshape(-1), np.int64)
    N, V = rows.shape
    count = int((classes != ignore_index).sum())
    if count == 0:
        return NotImplemented
    losses = np.empty(N)
    gradient = np.empty_like(rows) if keep else None

    def block(i: int, j: int) -> None:
        e = np.empty_like(rows[i:j]) if gradient is None else gradient[i:j]
        cross_entropy_rows(
            rows[i:j], classes[i:j], ignore_index, label_smoothing, 1 / count, losses[i:j], e
        )

    for_blocks(block, N, rows_of(N, V, 2 * BLOCK))
    return np.asarray(losses.sum() / count, dtype=rows.dtype), (logits.shape, gradient)


@forward.vjp
def backward(
    g, residuals, *, needed, owned, last, weights, ignore_index, label_smoothing, reduction
):
    shape, gradient = residuals
    if float(g) != 1:
        gradient = np.multiply(gradient, g, out=gradient if last else None)
    elif not last:
        gradient = gradient.copy()
    return gradient.reshape(shape), None

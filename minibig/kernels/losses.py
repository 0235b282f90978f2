"""cross_entropy on NumPy: the gradient is ready when the loss is.

A block of rows is read once: e^(x − max) is written where the gradient will be, its sum gives the
loss, and softmax − target is made of it while it is still in cache. The backward pass has only to
multiply by the gradient of the loss, which is nearly always 1.
"""

import numpy as np

from minibig.kernels.parallel import BLOCK, for_blocks, is_plain, rows_of
from minibig.ops import cross_entropy


@cross_entropy.kernel("cpu")
def forward(logits, targets, *, keep, weights, ignore_index, label_smoothing, reduction):
    if weights is not None or reduction != "mean":
        return NotImplemented
    if not is_plain(logits) or not logits.size:
        return NotImplemented
    V = logits.shape[-1]
    rows, classes = logits.reshape(-1, V), targets.reshape(-1)
    N = len(rows)
    kept = classes != ignore_index
    count = int(kept.sum())
    if count == 0:
        return NotImplemented
    size = max(1, min(N, 2 * BLOCK // V))
    losses = np.empty(N, rows.dtype)
    gradient = np.empty((N, V), rows.dtype) if keep else None

    def block(start: int, stop: int) -> None:
        x, here = rows[start:stop], np.arange(stop - start)
        wanted = np.where(kept[start:stop], classes[start:stop], 0)
        top = x.max(axis=-1, keepdims=True)
        e = np.subtract(x, top, out=None if gradient is None else gradient[start:stop])
        log_p = e[here, wanted]
        if label_smoothing:
            mean = e.mean(axis=-1)
            log_p = (1 - label_smoothing) * log_p + label_smoothing * mean
        np.exp(e, out=e)
        total = e.sum(axis=-1)
        losses[start:stop] = np.where(kept[start:stop], np.log(total) - log_p, 0)
        if gradient is not None:
            share = kept[start:stop].astype(x.dtype) * (1 / count)
            e *= (share / total)[:, None]
            if label_smoothing:
                e -= (share * (label_smoothing / V))[:, None]
            e[here, wanted] -= share * (1 - label_smoothing)

    for_blocks(block, N, size)
    loss = losses.sum(dtype=np.float64) / count
    return np.asarray(loss, dtype=rows.dtype), (logits.shape, gradient)


@forward.vjp
def backward(
    g, residuals, *, needed, owned, last, weights, ignore_index, label_smoothing, reduction
):
    shape, gradient = residuals
    factor = float(g)
    if not last:
        gradient = gradient.copy()
    if factor != 1:
        rows = rows_of(*gradient.shape)

        def block(start: int, stop: int) -> None:
            gradient[start:stop] *= factor

        for_blocks(block, len(gradient), rows)
    return gradient.reshape(shape), None

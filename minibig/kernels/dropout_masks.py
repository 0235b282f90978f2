"""masked, compiled only: mask and product in one pass; a byte of mask is kept for a number."""

import numpy as np

from minibig.backend import keep_threshold
from minibig.kernels.loops import CompiledLoop
from minibig.kernels.parallel import for_blocks
from minibig.ops.dropout_masks import masked

masked_rows = CompiledLoop(__name__, "masked_rows")


@masked.kernel("cpu")
def forward(x, *, keep, p, key):
    if not masked_rows.takes(x) or not x.size:
        return NotImplemented
    rows = np.ascontiguousarray(x).reshape(len(x) if x.ndim else 1, -1)
    y, mask = np.empty_like(rows), np.empty(rows.shape, np.bool_)
    key0, key1 = key.key % 2**64, key.key >> 64

    def example(i: int, j: int) -> None:
        words = np.array([key0, key1, key.first_example + i, keep_threshold(p)], np.uint64)
        masked_rows(rows[i:j], words, 1 / (1 - p), mask[i:j], y[i:j])

    for_blocks(example, len(rows), 1)
    return y.reshape(x.shape), mask


@forward.vjp
def backward(g, mask, *, needed, owned, last, p, key):
    rows = g.reshape(mask.shape)
    x_grad = np.empty(mask.shape, g.dtype)

    def example(i: int, j: int) -> None:
        np.multiply(rows[i:j], mask[i:j], out=x_grad[i:j])
        x_grad[i:j] *= 1 / (1 - p)

    for_blocks(example, len(rows), 1)
    return (x_grad.reshape(g.shape),)

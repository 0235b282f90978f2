"""masked on CUDA: Philox is drawn again in the backward pass, so that no mask is stored."""

import numpy as np

from minibig.backend import Array, DropoutKey, keep_threshold, namespace
from minibig.kernels.cuda.compilation import contiguous, launch, takes
from minibig.ops.dropout_masks import masked


def _masked(x: Array, p: float, key: DropoutKey) -> Array:
    """x·mask / (1 − p), as `backend.keep_mask` draws the mask."""
    xp = namespace(x)
    x = contiguous(x)
    y = xp.empty_like(x)
    examples = x.shape[0] if x.ndim else 1
    lanes = x.size // examples
    threads = examples * -(-lanes // 8)
    words = (np.uint64(key.key & (1 << 64) - 1), np.uint64(key.key >> 64))
    launch("dropout.cu", "masked", like=x)(
        (-(-threads // 128),),
        (128,),
        (x, y, *words, key.first_example, examples, lanes, keep_threshold(p), 1 / (1 - p)),
    )
    return y


@masked.kernel("cuda")
def forward(x, *, keep, p, key):
    return (_masked(x, p, key), None) if takes(x) else NotImplemented


@forward.vjp
def backward(g, residuals, *, needed, owned, last, p, key):
    return (_masked(g, p, key),)

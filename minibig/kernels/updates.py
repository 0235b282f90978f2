"""Updates on NumPy: AdamW in one pass over blocks, in place; Muon's products on one thread."""

import math

import numpy as np

from minibig.kernels.parallel import BLOCK, for_blocks, is_plain, on_one_blas_thread
from minibig.ops import adamw_update, orthogonalized


@adamw_update.kernel("cpu")
def forward(p, g, m, v, *, keep, lr, betas, eps, weight_decay, t):
    flat = all(x.flags.c_contiguous and x.flags.writeable for x in (p, m, v))
    if keep or not flat or not is_plain(p, g, m, v):
        return NotImplemented
    beta1, beta2 = betas
    step = lr / (1 - beta1**t)
    root = 1 / math.sqrt(1 - beta2**t)
    flat_p, flat_g, flat_m, flat_v = (x.reshape(-1) for x in (p, g, m, v))

    def block(start: int, stop: int) -> None:
        p, g, m, v = (x[start:stop] for x in (flat_p, flat_g, flat_m, flat_v))
        change = g * (1 - beta1)
        m *= beta1
        m += change
        np.multiply(g, g, out=change)
        change *= 1 - beta2
        v *= beta2
        v += change
        np.sqrt(v, out=change)
        change *= root
        change += eps
        np.divide(m, change, out=change)
        change *= step
        p *= 1 - lr * weight_decay
        p -= change

    for_blocks(block, p.size, BLOCK)
    return (p, m, v), None


@orthogonalized.kernel("cpu")
def orthogonalized_forward(x, *, keep, steps):
    """The formula: its products are small, and wait longer for other threads than they take.

    On one thread their bits do not depend on how many cores there are, either.
    """
    if keep:
        return NotImplemented
    return on_one_blas_thread(lambda: orthogonalized.definition(x, steps=steps)), None

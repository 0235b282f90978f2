"""Updates on NumPy: AdamW in one pass over blocks, in place; Muon's products on one thread."""

import math

import numpy as np

from minibig.kernels.loops import loop
from minibig.kernels.parallel import BLOCK, for_blocks, is_plain, on_one_blas_thread
from minibig.ops import adamw_update, orthogonalized


@loop
def adam_numbers(p, g, m, v, lr, beta1, beta2, eps, kept, t):
    """m' = β₁m + (1 − β₁)g,  v' = β₂v + (1 − β₂)g²,  p' = kept·p − lr·m̂ / (√v̂ + ε)."""
    change = g * (1 - beta1)
    m *= beta1
    m += change
    np.multiply(g, g, out=change)
    change *= 1 - beta2
    v *= beta2
    v += change
    np.sqrt(v, out=change)
    change *= 1 / math.sqrt(1 - beta2**t)
    change += eps
    np.divide(m, change, out=change)
    change *= lr / (1 - beta1**t)
    p *= kept
    p -= change


@adamw_update.kernel("cpu")
def forward(p, g, m, v, *, keep, lr, betas, eps, weight_decay, t):
    flat = all(x.flags.c_contiguous and x.flags.writeable for x in (p, m, v))
    if keep or not flat or not is_plain(p, g, m, v):
        return NotImplemented
    numbers = [np.ascontiguousarray(x).reshape(-1) for x in (p, g, m, v)]

    def block(i: int, j: int) -> None:
        adam_numbers(*[x[i:j] for x in numbers], lr, *betas, eps, 1 - lr * weight_decay, t)

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

"""Updates of parameters, in one pass over them and their states."""

import math

import numpy as np

from minibig.kernels.compiled.array_types import In1, Out1, Pair, Real, Whole
from minibig.kernels.compiled.compiling import compiled, f32


@compiled
def adamw_numbers(
    p: Out1, g: In1, m: Out1, v: Out1, lr: Real, betas: Pair, eps: Real, decay: Real, t: Whole
):
    """p' = (1 − lr·λ)p − lr·m̂ / (√v̂ + ε),  m' = β₁m + (1 − β₁)g,  v' = β₂v + (1 − β₂)g²."""
    beta1, beta2 = betas
    b1, b2, c1, c2 = f32(beta1), f32(beta2), f32(1 - beta1), f32(1 - beta2)
    step, root = f32(lr / (1 - beta1**t)), f32(1 / math.sqrt(1 - beta2**t))
    kept, small = f32(1 - lr * decay), f32(eps)
    for i in range(p.size):
        m[i] = b1 * m[i] + c1 * g[i]
        v[i] = b2 * v[i] + c2 * (g[i] * g[i])
        p[i] = kept * p[i] - step * m[i] / (root * np.sqrt(v[i]) + small)

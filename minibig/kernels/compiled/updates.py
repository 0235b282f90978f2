"""Updates of parameters, in one pass over them and their states."""

import math

import numpy as np

from minibig.kernels.compiled.compiling import In1, Out1, Real, Whole, compiled, f32


@compiled
def adam_numbers(
    p: Out1,
    g: In1,
    m: Out1,
    v: Out1,
    lr: Real,
    beta1: Real,
    beta2: Real,
    eps: Real,
    kept: Real,
    t: Whole,
):
    """p' = kept·p − lr·m̂ / (√v̂ + ε),  m' = β₁m + (1 − β₁)g,  v' = β₂v + (1 − β₂)g²."""
    b1, b2, c1, c2 = f32(beta1), f32(beta2), f32(1 - beta1), f32(1 - beta2)
    step, root = f32(lr / (1 - beta1**t)), f32(1 / math.sqrt(1 - beta2**t))
    keep, small = f32(kept), f32(eps)
    for i in range(p.size):
        m[i] = b1 * m[i] + c1 * g[i]
        v[i] = b2 * v[i] + c2 * (g[i] * g[i])
        p[i] = keep * p[i] - step * m[i] / (root * np.sqrt(v[i]) + small)

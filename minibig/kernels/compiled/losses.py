"""cross_entropy, row by row: the loss, and its gradient while e^x is at hand."""

import math

import numpy as np

from minibig.kernels.compiled.array_types import Ids, In2, Out2, Real, Whole, Wide1
from minibig.kernels.compiled.compiling import compiled, exp, f32, larger


@compiled
def cross_entropy_rows(
    x: In2, classes: Ids, ignored: Whole, smoothing: Real, share: Real, losses: Wide1, e: Out2
):
    """losses = ln Σ eˣ − (1 − ε)·x_k − ε·mean x,  x less its maximum.

    e becomes the gradient, share·(softmax(x) − (1 − ε)·1_k − ε/V). Where the class is `ignored`
    both are 0.
    """
    N, V = x.shape
    for n in range(N):
        k = classes[n]
        if k == ignored:
            losses[n] = 0
            e[n] = 0
            continue
        top = x[n, 0]
        for v in range(V):
            top = larger(top, x[n, v])
        total, sum_x = 0.0, 0.0
        for v in range(V):
            e[n, v] = exp(x[n, v] - top)
            total += np.float64(e[n, v])
            sum_x += np.float64(x[n, v] - top)
        x_k = np.float64(x[n, k] - top)
        losses[n] = math.log(total) - (1 - smoothing) * x_k
        if smoothing != 0:  # else 0·∞, where a logit is −∞
            losses[n] -= smoothing * sum_x / V
        factor, spread = f32(share / total), f32(share * smoothing / V)
        for v in range(V):
            e[n, v] = e[n, v] * factor - spread
        e[n, k] -= f32(share * (1 - smoothing))

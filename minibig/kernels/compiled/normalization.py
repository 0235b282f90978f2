"""layer_norm, and rms_norm, which is the same with μ = 0, row by row; sums in float64."""

import math

import numpy as np

from minibig.kernels.compiled.array_types import Flag, In1, In2, Out1, Out2, Real
from minibig.kernels.compiled.compiling import compiled, f32


@compiled
def norm_rows(
    x: In2, weight: In1, bias: In1, eps: Real, centred: Flag, x_hat: Out2, r: Out1, y: Out2
):
    """x̂ = (x − μ)·r,  r = 1/√(mean (x − μ)² + ε),  y = x̂·weight + bias;  μ = mean x if centred."""
    N, D = x.shape
    for n in range(N):
        mu = 0.0
        if centred:
            for d in range(D):
                mu += np.float64(x[n, d])
            mu /= D
        variance = 0.0
        for d in range(D):
            distance = np.float64(x[n, d]) - mu
            variance += distance * distance
        r_n = 1 / math.sqrt(variance / D + eps)
        r[n] = f32(r_n)
        for d in range(D):
            x_hat[n, d] = f32((np.float64(x[n, d]) - mu) * r_n)
            y[n, d] = x_hat[n, d] * weight[d] + bias[d]


@compiled
def norm_gradients(
    g: In2, x_hat: In2, r: In1, weight: In1, centred: Flag, x_grad: Out2, scale_grads: Out2
):
    """∂L/∂x = r·(ĝ − μ − x̂·mean(ĝ·x̂)),  ĝ = g·weight;  μ = mean ĝ if centred.

    scale_grads = (Σ g·x̂, Σ g), those of weight and bias.
    """
    N, D = g.shape
    sums = np.zeros((2, D))
    for n in range(N):
        mu, along = 0.0, 0.0
        for d in range(D):
            g_hat = g[n, d] * weight[d]
            mu += np.float64(g_hat)
            along += np.float64(g_hat * x_hat[n, d])
        mu_n, along_n = f32(mu / D if centred else 0.0), f32(along / D)
        for d in range(D):
            x_grad[n, d] = r[n] * (g[n, d] * weight[d] - mu_n - x_hat[n, d] * along_n)
            sums[0, d] += np.float64(g[n, d] * x_hat[n, d])
            sums[1, d] += np.float64(g[n, d])
    scale_grads[:] = sums

"""layer_norm and rms_norm, row by row; sums in float64."""

import math

import numpy as np

from minibig.kernels.compiled.array_types import In1, In2, Out1, Out2, Real
from minibig.kernels.compiled.compiling import compiled, f32


@compiled
def layer_norm_rows(x: In2, weight: In1, bias: In1, eps: Real, x_hat: Out2, r: Out1, y: Out2):
    """x̂ = (x − μ)·r,  r = 1/√(var x + ε),  y = x̂·weight + bias."""
    N, D = x.shape
    for n in range(N):
        mu = 0.0
        for d in range(D):
            mu += np.float64(x[n, d])
        mu /= D
        variance = 0.0
        for d in range(D):
            centred = np.float64(x[n, d]) - mu
            variance += centred * centred
        r_n = 1 / math.sqrt(variance / D + eps)
        r[n] = f32(r_n)
        for d in range(D):
            x_hat[n, d] = f32((np.float64(x[n, d]) - mu) * r_n)
            y[n, d] = x_hat[n, d] * weight[d] + bias[d]


@compiled
def layer_norm_gradients(
    g: In2, x_hat: In2, r: In1, weight: In1, x_grad: Out2, weight_grad: Out1, bias_grad: Out1
):
    """∂L/∂x = r·(ĝ − mean ĝ − x̂·mean(ĝ·x̂)),  ĝ = g·weight;  ∂L/∂weight = Σ g·x̂,  ∂L/∂bias = Σ g."""
    N, D = g.shape
    weight_sum, bias_sum = np.zeros(D), np.zeros(D)
    for n in range(N):
        mean, along = 0.0, 0.0
        for d in range(D):
            g_hat = g[n, d] * weight[d]
            mean += np.float64(g_hat)
            along += np.float64(g_hat * x_hat[n, d])
        mean_n, along_n = f32(mean / D), f32(along / D)
        for d in range(D):
            x_grad[n, d] = r[n] * (g[n, d] * weight[d] - mean_n - x_hat[n, d] * along_n)
            weight_sum[d] += np.float64(g[n, d] * x_hat[n, d])
            bias_sum[d] += np.float64(g[n, d])
    weight_grad[:] = weight_sum
    bias_grad[:] = bias_sum


@compiled
def rms_norm_rows(x: In2, weight: In1, eps: Real, x_hat: Out2, r: Out1, y: Out2):
    """x̂ = x·r,  r = 1/√(mean x² + ε),  y = x̂·weight."""
    N, D = x.shape
    for n in range(N):
        square = 0.0
        for d in range(D):
            square += np.float64(x[n, d]) * np.float64(x[n, d])
        r[n] = f32(1 / math.sqrt(square / D + eps))
        for d in range(D):
            x_hat[n, d] = x[n, d] * r[n]
            y[n, d] = x_hat[n, d] * weight[d]


@compiled
def rms_norm_gradients(g: In2, x_hat: In2, r: In1, weight: In1, x_grad: Out2, weight_grad: Out1):
    """∂L/∂x = r·(ĝ − x̂·mean(ĝ·x̂)),  ĝ = g·weight;  ∂L/∂weight = Σ g·x̂ over the rows."""
    N, D = g.shape
    weight_sum = np.zeros(D)
    for n in range(N):
        along = 0.0
        for d in range(D):
            along += np.float64(g[n, d] * weight[d] * x_hat[n, d])
        along_n = f32(along / D)
        for d in range(D):
            x_grad[n, d] = r[n] * (g[n, d] * weight[d] - x_hat[n, d] * along_n)
            weight_sum[d] += np.float64(g[n, d] * x_hat[n, d])
    weight_grad[:] = weight_sum

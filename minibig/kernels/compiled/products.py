"""Bias and activation in one pass, and sums of columns."""

import math

import numpy as np

from minibig.kernels.compiled.array_types import In1, In2, Out1, Out2, Whole
from minibig.kernels.compiled.compiling import compiled, exp, f32, inlined

one = f32(1)


@inlined
def _relu(u):
    """max(0, u) and its derivative."""
    positive = u > f32(0)
    return (u if positive or u != u else f32(0)), f32(positive)


@inlined
def _gelu_tanh(u):
    """y = u·s, s = σ(2z), 2z = 2√(2/π)(u + 0.044715u³);  y' = s + y·(1 − s)·2z'."""
    c = f32(2 * math.sqrt(2 / math.pi))
    square = u * u
    s = one / (one + exp(-c * u * (one + f32(0.044715) * square)))
    y = u * s
    return y, s + y * (one - s) * (c * (one + f32(3 * 0.044715) * square))


@inlined
def _silu(u):
    """y = u·s, s = σ(u);  y' = s + y·(1 − s)."""
    s = one / (one + exp(-u))
    y = u * s
    return y, s + y * (one - s)


@inlined
def _gelu(u):
    """y = u·Φ(u),  y' = Φ(u) + u·φ(u).

    For h = |u|/√2 and t = 1/(1 + h/2), Φ(−|u|) = t/2·exp(−h² + q(t)), q a polynomial of degree 9:
    Press et al., "Numerical recipes", section 6.2.2 (erfcc), relative error below 1.2·10⁻⁷.
    """
    h = f32(math.sqrt(1 / 2)) * abs(u)
    t = one / (one + f32(0.5) * h)
    q = f32(0.17087277)
    q = q * t + f32(-0.82215223)
    q = q * t + f32(1.48851587)
    q = q * t + f32(-1.13520398)
    q = q * t + f32(0.27886807)
    q = q * t + f32(-0.18628806)
    q = q * t + f32(0.09678418)
    q = q * t + f32(0.37409196)
    q = q * t + f32(1.00002368)
    q = q * t + f32(-1.26551223)
    tail = f32(0.5) * t * exp(q - h * h)
    phi = tail if u < f32(0) else one - tail
    return u * phi, phi + u * f32(1 / math.sqrt(2 * math.pi)) * exp(-h * h)


@compiled
def relu_rows(u: Out2, bias: In1, y: Out2):
    """y = relu(u + bias);  u becomes the derivative."""
    for n in range(u.shape[0]):
        for f in range(u.shape[1]):
            y[n, f], u[n, f] = _relu(u[n, f] + bias[f])


@compiled
def gelu_tanh_rows(u: Out2, bias: In1, y: Out2):
    """y = gelu_tanh(u + bias);  u becomes the derivative."""
    for n in range(u.shape[0]):
        for f in range(u.shape[1]):
            y[n, f], u[n, f] = _gelu_tanh(u[n, f] + bias[f])


@compiled
def gelu_rows(u: Out2, bias: In1, y: Out2):
    """y = gelu(u + bias);  u becomes the derivative."""
    for n in range(u.shape[0]):
        for f in range(u.shape[1]):
            y[n, f], u[n, f] = _gelu(u[n, f] + bias[f])


@compiled
def silu_rows(u: Out2, bias: In1, y: Out2):
    """y = silu(u + bias);  u becomes the derivative."""
    for n in range(u.shape[0]):
        for f in range(u.shape[1]):
            y[n, f], u[n, f] = _silu(u[n, f] + bias[f])


@compiled
def sum_rows(x: In2, start: Whole, stop: Whole, y: Out1):
    """y = Σ over the rows of x, for the columns from start to stop; in float64."""
    total = np.zeros(stop - start)
    for n in range(x.shape[0]):
        row = x[n, start:stop]
        for f in range(stop - start):
            total[f] += np.float64(row[f])
    y[start:stop] = total.astype(f32)


@compiled
def multiply_columns(g: Out2, slope: In2, start: Whole, stop: Whole, sums: Out1):
    """g becomes g·slope,  sums = Σ over its rows,  for the columns from start to stop."""
    total = np.zeros(stop - start)
    for n in range(slope.shape[0]):
        y, here = g[n, start:stop], slope[n, start:stop]
        for f in range(stop - start):
            y[f] *= here[f]
            total[f] += np.float64(y[f])
    sums[start:stop] = total.astype(f32)


@compiled
def rows_product(x: In2, w: In2, start: Whole, stop: Whole, y: Out2):
    """y = x w, of the columns of x and the rows of w from start to stop.

    w is read in four places at a time, and in each straight on, which memory is fastest at.
    """
    y[...] = 0
    quarter = (stop - start) // 4
    for d0 in range(start, start + quarter):
        d1, d2, d3 = d0 + quarter, d0 + 2 * quarter, d0 + 3 * quarter
        w0, w1, w2, w3 = w[d0], w[d1], w[d2], w[d3]
        for n in range(y.shape[0]):
            row, x0, x1, x2, x3 = y[n], x[n, d0], x[n, d1], x[n, d2], x[n, d3]
            for f in range(y.shape[1]):
                row[f] += (x0 * w0[f] + x1 * w1[f]) + (x2 * w2[f] + x3 * w3[f])
    for d in range(start + 4 * quarter, stop):
        for n in range(y.shape[0]):
            for f in range(y.shape[1]):
                y[n, f] += x[n, d] * w[d, f]


@compiled
def rows_transposed_product(x: In2, w: In2, start: Whole, stop: Whole, y: Out2):
    """y = x wᵀ, of the rows of w, and the columns of y, from start to stop."""
    for f in range(start, stop):
        for n in range(x.shape[0]):
            row, along, total = w[f], x[n], f32(0)
            for d in range(x.shape[1]):
                total += along[d] * row[d]
            y[n, f] = total

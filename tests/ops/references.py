"""Independent formulas in float64, in plain NumPy or loops: what the operations must give."""

import math

import numpy as np

from minibig.backend import CPU, keep_mask


def linear_reference(x, weight, bias=0.0):
    y = np.zeros((*x.shape[:-1], weight.shape[1]))
    for place in np.ndindex(x.shape[:-1]):
        for f in range(weight.shape[1]):
            y[(*place, f)] = math.fsum(x[place] * weight[:, f])
    return y + bias


def feed_forward_reference(x, w1, b1, w2, b2, *, activation):
    formula = {"relu": relu_reference, "gelu": gelu_reference, "gelu_tanh": gelu_tanh_reference}
    hidden = formula.get(activation, np.tanh)(linear_reference(x, w1, b1))
    return linear_reference(hidden, w2, b2)


def relu_reference(x):
    return np.where(x > 0, x, 0.0)


def erf_reference(x):
    return np.vectorize(math.erf, otypes=[float])(x) if np.size(x) else np.zeros(np.shape(x))


def normal_cdf_reference(x):
    return np.vectorize(lambda x: math.erfc(-x / math.sqrt(2)) / 2, otypes=[float])(x)


def gelu_reference(x):
    """With erfc, so that the far negative side keeps its digits."""
    phi = np.vectorize(lambda t: 0.5 * math.erfc(-t / math.sqrt(2)), otypes=[float])
    return x * (phi(x) if np.size(x) else 1.0)


def gelu_tanh_reference(x):
    """With (1 + tanh u)/2 = 1/(1 + e^(−2u)), so that the far negative side keeps its digits."""
    u = np.clip(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3), -350, None)
    return x / (1 + np.exp(-2 * u))


def sigmoid_reference(x):
    return np.exp(np.minimum(x, 0)) / (1 + np.exp(-np.abs(x)))


def softmax_reference(x, *, axis=-1):
    y = np.zeros_like(x)
    rows, results = np.moveaxis(x, axis, -1), np.moveaxis(y, axis, -1)
    for place in np.ndindex(rows.shape[:-1]):
        if rows.shape[-1]:
            e = [math.exp(v - rows[place].max()) for v in rows[place]]
            results[place] = [v / math.fsum(e) for v in e]
    return y


def logsumexp_reference(x, *, axis=-1, keepdims=False):
    return np.log(np.exp(x).sum(axis=axis, keepdims=keepdims))


def layer_norm_reference(x, weight=1.0, bias=0.0, *, eps):
    y = np.zeros_like(x)
    for place in np.ndindex(x.shape[:-1]):
        row = x[place]
        mu = math.fsum(row) / len(row)
        variance = math.fsum((v - mu) ** 2 for v in row) / len(row)
        y[place] = [(v - mu) / math.sqrt(variance + eps) for v in row]
    return y * weight + bias


def rms_norm_reference(x, weight=1.0, *, eps):
    y = np.zeros_like(x)
    for place in np.ndindex(x.shape[:-1]):
        y[place] = x[place] / math.sqrt(math.fsum(x[place] ** 2) / x.shape[-1] + eps)
    return y * weight


def attention_weights_reference(q, k, bias=0.0, *, causal, scale):
    T, K = q.shape[-2:]
    S = k.shape[-2]
    weights = np.zeros((*q.shape[:-2], T, S))
    bias = np.broadcast_to(bias, weights.shape)
    for place in np.ndindex(weights.shape[:-1]):
        *outer, t = place
        keys = range(t + S - T + 1) if causal else range(S)
        factor = 1 / math.sqrt(K) if scale is None else scale
        scores = [q[place] @ k[(*outer, s)] * factor + bias[(*place, s)] for s in keys]
        weights[place][: len(scores)] = softmax_reference(np.array(scores))
    return weights


def attention_reference(q, k, v, bias=0.0, *, return_weights=False, **keywords):
    weights = attention_weights_reference(q, k, bias, **keywords)
    y = np.zeros((*q.shape[:-1], v.shape[-1]))
    for place in np.ndindex(y.shape[:-1]):
        y[place] = sum(w * row for w, row in zip(weights[place], v[place[:-1]], strict=True))
    return (y, weights) if return_weights else y


def cross_entropy_reference(
    logits, targets, weights=None, *, ignore_index=-100, label_smoothing=0.0, reduction="mean"
):
    V, losses, total = logits.shape[-1], [], 0.0
    weights = np.ones(V) if weights is None else weights
    for place in np.ndindex(logits.shape[:-1]):
        p = softmax_reference(logits[place])
        if targets.dtype.kind == "f":
            q = targets[place]
        elif targets[place] == ignore_index:
            losses.append(0.0)
            continue
        else:
            q = [float(c == targets[place]) for c in range(V)]
        q = [(1 - label_smoothing) * each + label_smoothing / V for each in q]
        losses.append(
            -math.fsum(w * a * math.log(b) for w, a, b in zip(weights, q, p, strict=True))
        )
        total += 1.0 if targets.dtype.kind == "f" else weights[targets[place]]
    if reduction == "none":
        return np.reshape(losses, logits.shape[:-1])
    return np.asarray(math.fsum(losses) / (total if reduction == "mean" else 1))


def binary_cross_entropy_reference(x, y, *, reduction="mean"):
    p = sigmoid_reference(x)
    return reduced(-(y * np.log(p) + (1 - y) * np.log(1 - p)), reduction)


def reduced(losses, reduction):
    return losses if reduction == "none" else getattr(losses, reduction)()


def scatter_add_reference(x, ids, values):
    y = x.copy()
    for place in np.ndindex(ids.shape):
        y[ids[place]] += values[place]
    return y


def split_reference(x, *, sizes, axis):
    return tuple(np.split(x, np.cumsum(sizes)[:-1], axis=axis))


def sum_to_reference(x, *, shape):
    y = np.zeros(shape)
    for place in np.ndindex(x.shape):
        kept = place[len(place) - len(shape) :]
        y[tuple(0 if n == 1 else i for i, n in zip(kept, shape, strict=True))] += x[place]
    return y


def dropout_reference(x, *, p, key):
    return x * keep_mask(x.shape, p, key, CPU) / (1 - p) if p else x


def sgd_reference(p, g, u, *, lr, momentum, nesterov, weight_decay):
    """PyTorch's documented loop."""
    g = g + weight_decay * p
    buffer = momentum * u + g
    return p - lr * (g + momentum * buffer if nesterov else buffer), buffer


def adam_reference(p, g, m, v, *, lr, betas, eps, weight_decay, t):
    return _adam(p, g + weight_decay * p, m, v, lr, betas, eps, t)


def adamw_reference(p, g, m, v, *, lr, betas, eps, weight_decay, t):
    return _adam(p - lr * weight_decay * p, g, m, v, lr, betas, eps, t)


def _adam(p, g, m, v, lr, betas, eps, t):
    m = betas[0] * m + (1 - betas[0]) * g
    v = betas[1] * v + (1 - betas[1]) * g**2
    step = lr * (m / (1 - betas[0] ** t)) / (np.sqrt(v / (1 - betas[1] ** t)) + eps)
    return p - step, m, v


def prod_reference(x, *, axis=None, keepdims=False):
    return np.multiply.reduce(x, axis=axis, keepdims=keepdims)


def elu_reference(x, *, alpha):
    return np.asarray([v if v > 0 else alpha * math.expm1(v) for v in x.reshape(-1)]).reshape(
        x.shape
    )


def top_k_reference(x, *, k, axis):
    order = np.argsort(-x, axis=axis, kind="stable")
    places = np.take(order, np.arange(k), axis=axis)
    return np.take_along_axis(x, places, axis=axis), places


def norm_reference(x, *, axis=None, keepdims=False):
    return np.sqrt((np.abs(x) ** 2).sum(axis=axis, keepdims=keepdims))


def orthogonalized_reference(x, *, steps=5):
    """By the singular values: the iteration is a polynomial in each of them."""
    u, sigma, v = np.linalg.svd(x, full_matrices=False)
    sigma = sigma / (math.sqrt(math.fsum(sigma**2)) + 1e-7)
    for _ in range(steps):
        sigma = 3.4445 * sigma - 4.7750 * sigma**3 + 2.0315 * sigma**5
    return u @ np.diag(sigma) @ v


def muon_reference(p, g, m, *, lr, momentum, weight_decay):
    m = momentum * m + (1 - momentum) * g
    direction = orthogonalized_reference(momentum * m + (1 - momentum) * g)
    return p - lr * weight_decay * p - lr * 0.2 * math.sqrt(max(p.shape)) * direction, m


def adafactor_reference(p, g, *factors, lr, decay, eps, min_scale, clip, weight_decay, t):
    """Element by element."""
    past = 1 - t ** (-decay)
    squares = g**2 + eps
    if len(factors) == 1:
        v = past * factors[0] + (1 - past) * squares
        new = [v]
    else:
        r, c, v = np.zeros_like(factors[0]), np.zeros_like(factors[1]), np.zeros_like(g)
        new = [r, c]
        for place in np.ndindex(r.shape):
            r[place] = past * factors[0][place] + (1 - past) * squares[place].mean()
        for *outer, j in np.ndindex(c.shape):
            mean = squares[(*outer, slice(None), j)].mean()
            c[(*outer, j)] = past * factors[1][(*outer, j)] + (1 - past) * mean
        for *outer, i, j in np.ndindex(g.shape):
            mean = math.fsum(r[tuple(outer)]) / r.shape[-1]
            v[(*outer, i, j)] = r[(*outer, i)] * c[(*outer, j)] / mean
    u = g / np.sqrt(v)
    u = u / max(1.0, math.sqrt((u**2).mean()) / clip)
    alpha = lr * max(min_scale, math.sqrt((p**2).mean()))
    return (p - lr * weight_decay * p - alpha * u, *new)


def _in_order(combine, x, axis):
    """The results of the first elements, one after the other."""
    y = np.array(x.reshape(-1) if axis is None else x)
    rows = np.moveaxis(y, axis or 0, 0)
    for i in range(1, len(rows)):
        rows[i] = combine(rows[i - 1], rows[i])
    return y


def cumprod_reference(x, *, axis):
    return _in_order(np.multiply, x, axis)


def cummax_reference(x, *, axis):
    return _in_order(np.maximum, x, axis)


def cummin_reference(x, *, axis):
    return _in_order(np.minimum, x, axis)


def flatten_reference(x, *, start, end):
    x = np.atleast_1d(x)
    axes = range(x.ndim)[start : (end % x.ndim) + 1]
    return x.reshape(
        *x.shape[: axes[0]], math.prod(x.shape[i] for i in axes), *x.shape[axes[-1] + 1 :]
    )


def scatter_reference(x, ids, values, *, axis):
    y = x.copy()
    for place in np.ndindex(ids.shape):
        target = list(place)
        target[axis] = ids[place]
        y[tuple(target)] = values[place]
    return y

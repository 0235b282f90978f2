"""Parameter updates: what an optimizer does to one parameter at one step.

g is the gradient, t the number of the step from 1 on, λ the weight decay; the state (velocity u;
moments m and v; means r of rows and c of columns) comes in and goes out. A kernel may write the
results into the very arrays that came in.

SGD and Adam treat each number apart; Muon and Adafactor look at the rows (D) and the columns (F) of
a matrix.
"""

import math
from functools import partial

from minibig.autograd import constant, fusible
from minibig.backend import InputError, checks
from minibig.ops.arithmetic import maximum
from minibig.ops.elementwise import sqrt
from minibig.ops.operands import expect_floats, expect_shape, in_single_precision
from minibig.ops.reductions import norm

@fusible
def sgd_update(p, g, u, /, *, lr, momentum=0.0, nesterov=False, weight_decay=0.0):
    """u' = μ·u + g + λ·p,   p' = p − lr·u'; with Nesterov p − lr·(g + λ·p + μ·u').

    Source:  Sutskever et al. 2013, "On the importance of initialization and momentum", eq. 1 to 4,
             with lr moved out of u, as in PyTorch.
    """
    g = g + weight_decay * p
    u = momentum * u + g
    return p - lr * (g + momentum * u if nesterov else u), u

@fusible
def adam_update(p, g, m, v, /, *, lr, betas, eps, weight_decay=0.0, t):
    """m' = β₁m + (1 − β₁)g,   v' = β₂v + (1 − β₂)g²,   p' = p − lr·m̂ / (√v̂ + ε).

    m̂ = m'/(1 − β₁ᵗ) and v̂ = v'/(1 − β₂ᵗ) make up for the start at 0. Weight decay is added to g.

    Source:  Kingma and Ba 2015, arXiv:1412.6980, algorithm 1.
    """
    beta1, beta2 = betas
    g = g + weight_decay * p
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * (g * g)
    m_hat = m * (1 / (1 - beta1**t))
    v_hat = v * (1 / (1 - beta2**t))
    return p - lr * m_hat / (sqrt(v_hat) + eps), m, v

@fusible
def adamw_update(p, g, m, v, /, *, lr, betas, eps, weight_decay, t):
    """p' = (1 − lr·λ)·p − lr·m̂ / (√v̂ + ε): Adam, with the weights decayed apart from g.

    Source:  Loshchilov and Hutter 2019, arXiv:1711.05101, algorithm 2, with λ scaled by lr.
    """
    decayed = p * (1 - lr * weight_decay)
    return adam_update(decayed, g, m, v, lr=lr, betas=betas, eps=eps, t=t)

def _check_update(p, g, *state, t: int = 1, **settings) -> None:
    expect_floats("an update: p, g and state", p, g, *state)
    checks.whole("an update: t", t, 1)
    for x in (g, *state):
        expect_shape("an update: g and state", x, p.shape)

@fusible
@in_single_precision
def orthogonalized(x, /, *, steps: int = 5):
    """Nearly U Vᵀ where x = U Σ Vᵀ: the directions of a matrix, all of about the same strength.

    A step of Newton and Schulz, x ← a·x + (b·S + c·S²) x with S = x xᵀ, leaves U and V as they are
    and turns each singular value σ into a·σ + b·σ³ + c·σ⁵. Five steps bring what lies in [0.01, 1]
    into [0.68, 1.14].

    Source:  Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks".

    >>> x = orthogonalized(mb.tensor([[3.0, 0.0, 0.0], [0.0, -0.1, 0.0]]))
    >>> [round(value, 1) for value in mb.norm(x, axis=1).tolist()]
    [0.7, 1.1]
    """
    a, b, c = 3.4445, -4.7750, 2.0315  # chosen for a steep start, which leaves σ within a band
    wide = x.shape[0] <= x.shape[1]
    y = x if wide else x.T
    y = y / (norm(y) + 1e-7)
    for _ in range(steps):
        s = y @ y.T
        y = a * y + (b * s + c * (s @ s)) @ y
    return y if wide else y.T

@fusible
def muon_update(p, g, m, /, *, lr, momentum, weight_decay):
    """m' = μm + (1 − μ)g,   p' = (1 − lr·λ)p − lr·0.2·√max(D, F)·orthogonalized(μm' + (1 − μ)g).

    With the factor 0.2·√max(D, F) a step is as long as one of AdamW, and one rate serves both.

    Shapes:  p, g, m (D, F).
    Source:  Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks"; the
             factor and the weight decay: Liu et al. 2025, arXiv:2502.16982, section 2.2.
    """
    m = momentum * m + (1 - momentum) * g
    direction = orthogonalized(momentum * m + (1 - momentum) * g)
    length = 0.2 * math.sqrt(max(p.shape))
    return p * (1 - lr * weight_decay) - (lr * length) * direction, m

for _rule in (sgd_update, adam_update, adamw_update, muon_update):
    _rule.check(_check_update)

@muon_update.check
def _check_matrix(p, *state, **settings) -> None:
    if p.ndim != 2:
        raise InputError(f"muon_update: p must have shape (D, F); got {p.shape}.")

@fusible
def adafactor_update(p, g, r, c=None, /, *, lr, decay, eps, min_scale, clip, weight_decay, t):
    """p' = (1 − lr·λ)p − lr·max(ε₂, rms p)·u / max(1, rms(u)/d),   u = g/√v,   v = r cᵀ/mean r.

    r and c are the means of g² + ε over rows and over columns, averaged over the steps with weight
    1 − t⁻ᵏ of the past: D + F numbers stand for the D·F second moments of Adam. A vector has no c,
    and there v = r. k is `decay`, ε₂ `min_scale`, d `clip`.

    Shapes:  p, g (..., D, F), r (..., D), c (..., F); for vectors and numbers p, g, r alike.
    Source:  Shazeer and Stern 2018, arXiv:1804.04235, algorithms 4 and 5, with means instead of
             sums, the rate from outside, and v not below ε, which r cᵀ can miss in float32.
    """
    beta = 1 - t**-decay
    squares = g * g + eps
    if c is None:
        v = r = beta * r + (1 - beta) * squares
    else:
        r = beta * r + (1 - beta) * squares.mean(axis=-1)
        c = beta * c + (1 - beta) * squares.mean(axis=-2)
        v = (r / r.mean(axis=-1, keepdims=True))[..., None] * c[..., None, :]
    u = g / sqrt(maximum(v, eps))
    u = u / maximum(1.0, _rms(u) * (1 / clip))
    p = p * (1 - lr * weight_decay) - lr * maximum(_rms(p), min_scale) * u
    return (p, r) if c is None else (p, r, c)

@adafactor_update.check
def _check_adafactor(p, g, r, c, *, t: int, **settings) -> None:
    if c is None:
        return _check_update(p, g, r, t=t)
    _check_update(p, g, t=t)
    checks.whole("adafactor_update with c: the number of axes of p", p.ndim, 2)
    expect_floats("adafactor_update: r and c", r, c)
    expect_shape("adafactor_update with c: r", r, p.shape[:-1])
    expect_shape("adafactor_update: c", c, (*p.shape[:-2], p.shape[-1]))

@partial(constant, name="norm")
def clip_by_global_norm(*gradients, max_norm):
    """‖g‖ and g·min(1, max_norm / ‖g‖),  ‖g‖ = √(Σ g²) over all numbers of all gradients.

    The sum runs in float64. A norm that is infinite or NaN leaves the gradients as they are. A
    kernel may write into the arrays that came in.
    """
    norm = sum([(g.astype("float64") ** 2).sum() for g in gradients]) ** 0.5
    factor = max_norm / float(norm) if max_norm < norm < math.inf else 1.0
    return norm, *[g * factor for g in gradients]

def _rms(x):
    """The root of the mean square of all numbers."""
    return norm(x) * (1 / math.sqrt(x.size or 1))

"""Parameter updates: what an optimizer does to one parameter at one step.

g is the gradient, t the number of the step from 1 on; the state (velocity u; moments m and v) comes
in and goes out. A kernel may write the results into the very arrays that came in.
"""

from minibig.autograd import fusible
from minibig.backend import InputError
from minibig.ops.elementwise import sqrt

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

@sgd_update.check
@adam_update.check
@adamw_update.check
def _check_update(p, g, *state, t: int = 1, **settings) -> None:
    for x in (g, *state):
        if x.shape != p.shape:
            raise InputError(f"an update: g and state must have shape {p.shape}; got {x.shape}.")
    if t < 1:
        raise InputError(f"an update: t must count steps from 1 on; got {t}.")

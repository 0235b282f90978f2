"""From logits to the next token: pure functions that reshape a distribution, and the draw itself.

    penalize_repetition -> scale_temperature -> keep_top_k -> keep_top_p -> probabilities -> draw

Each takes logits of shape (B, V) and returns new ones; a token that is ruled out gets −∞. They work
on NumPy arrays in the precision they are given: what is random is drawn on the CPU, so a seed gives
the same text on every device.
"""

import math
from collections.abc import Sequence

import numpy as np

from minibig.backend import Array, InputError


def scale_temperature(logits: Array, temperature: float) -> Array:
    """logits / temperature: below 1 the likely becomes likelier, above 1 everything more equal.

    Raises:  InputError unless the temperature is a positive number.
    Source:  Ackley, Hinton and Sejnowski 1985, Cognitive Science 9, eq. 5.

    >>> scale_temperature(np.array([[1.0, 2.0]]), 0.5)
    array([[2., 4.]])
    """
    if not 0 < temperature < math.inf:
        raise InputError(
            f"temperature must be a positive number to sample with; got {temperature}. For the "
            "likeliest token take the argmax."
        )
    return logits / logits.dtype.type(temperature)


def keep_top_k(logits: Array, k: int) -> Array:
    """Only the k largest logits of each row are kept, and what equals the smallest of them.

    Raises:  InputError unless k is a whole number of at least 1.
    Source:  Fan et al. 2018, arXiv:1805.04833, section 5.4.

    >>> keep_top_k(np.array([[1.0, 3.0, 2.0]]), 2)
    array([[-inf,   3.,   2.]])
    """
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or k < 1:
        raise InputError(f"top_k must be a whole number of at least 1; got {k!r}.")
    V = logits.shape[-1]
    if k >= V:
        return logits
    smallest = np.partition(logits, V - k, axis=-1)[:, V - k, None]  # (B, 1)
    return np.where(logits < smallest, -math.inf, logits).astype(logits.dtype)


def keep_top_p(logits: Array, p: float) -> Array:
    """Only the nucleus is kept: the fewest tokens whose probabilities add up to p or more.

        the smallest set N with  Σ softmax(logits)ᵢ over i in N  ≥  p

    Of equal tokens those with smaller ids come first; at least one token is kept.

    Raises:  InputError unless 0 < p <= 1.
    Source:  Holtzman et al. 2020, arXiv:1904.09751, eq. 2.

    >>> keep_top_p(np.log(np.array([[0.5, 0.2, 0.3]])), 0.7).tolist()
    [[-0.6931, -inf, -1.2040]]
    """
    if not 0 < p <= 1:
        raise InputError(f"top_p must lie in (0, 1]; got {p}.")
    if p == 1:
        return logits
    order = np.argsort(-logits, axis=-1, kind="stable")
    likeliest_first = np.take_along_axis(probabilities(logits), order, axis=-1)
    before = np.cumsum(likeliest_first, axis=-1) - likeliest_first  # what came before each token
    kept = np.empty(logits.shape, bool)
    np.put_along_axis(kept, order, before < p, axis=-1)
    return np.where(kept, logits, -math.inf).astype(logits.dtype)


def penalize_repetition(logits: Array, ids: Array, penalty: float) -> Array:
    """Tokens that occurred already become less likely: x / θ where x > 0, else x·θ, θ = penalty.

    Raises:  InputError unless the penalty is a positive number; 1 changes nothing.
    Shapes:  logits (B, V), ids (B, T)  ->  (B, V).
    Source:  Keskar et al. 2019, arXiv:1909.05858, section 4.1, which divides by θ always; that
             would make a repeated token with a negative logit likelier.

    >>> penalize_repetition(np.array([[2.0, -2.0, 4.0]]), np.array([[0, 1, 0]]), 2.0)
    array([[ 1., -4.,  4.]])
    """
    if not 0 < penalty < math.inf:
        raise InputError(
            f"repetition_penalty must be a positive number (1: no penalty); got {penalty}."
        )
    occurred = np.take_along_axis(logits, ids, axis=-1)  # (B, T)
    theta = logits.dtype.type(penalty)
    penalized = logits.copy()
    np.put_along_axis(
        penalized, ids, np.where(occurred > 0, occurred / theta, occurred * theta), axis=-1
    )
    return penalized


def probabilities(logits: Array) -> Array:
    """softmax(logits) in float64, with every doubtful case refused.

    Raises:  InputError if a logit is NaN or +∞, or if a row has no possible token.

    >>> probabilities(np.array([[0.0, 0.0, -math.inf]]))
    array([[0.5, 0.5, 0. ]])
    """
    top = logits.max(axis=-1, keepdims=True)
    if not np.isfinite(top).all():
        bad = np.isnan(logits).any() or (top == math.inf).any()
        raise InputError(
            "the logits hold NaN or infinity, so there is nothing to draw from. Check that the "
            "model's weights are finite."
            if bad
            else "every token of a row was ruled out (logits −∞). Allow at least one."
        )
    e = np.exp(logits.astype(np.float64) - top)
    return e / e.sum(axis=-1, keepdims=True)


def draw(p: Array, generators: Sequence[np.random.Generator]) -> Array:
    """One token per row, drawn from its distribution with the row's own generator.

        the smallest i with  p₀ + … + pᵢ > u,   u uniform in [0, 1)

    A row's draws do not depend on how many other rows there are.

    Shapes:  p (B, V)  ->  (B).

    >>> draw(np.array([[0.0, 1.0, 0.0]]), [np.random.default_rng(0)])
    array([1])
    """
    tokens = np.empty(len(p), np.int64)
    for row, generator in enumerate(generators):
        cumulated = np.cumsum(p[row])
        tokens[row] = np.searchsorted(cumulated, generator.random() * cumulated[-1], side="right")
    return tokens

"""From logits to the next token: pure functions that reshape a distribution, and the draw itself.

    penalize_repetition -> scale_temperature -> keep_top_k -> keep_top_p -> probabilities -> draw

Each takes logits of shape (B, V) and returns new ones; a token that is ruled out gets −∞. They work
on NumPy arrays in the precision they are given: what is random is drawn on the CPU, so a seed gives
the same text on every device.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from minibig.backend import Array, InputError
from minibig.backend.checks import number, whole
from minibig.settings import Settings, setting


def scale_temperature(logits: Array, temperature: float) -> Array:
    """(x − max x) / temperature: below 1 the likely becomes likelier, above 1 all more equal.

    The maximum is taken off first, which changes no probability, and so nothing overflows, however
    near to 0 the temperature is.

    Raises:  InputError unless the temperature is a positive number.
    Source:  Ackley, Hinton and Sejnowski 1985, Cognitive Science 9, eq. 5.

    >>> scale_temperature(np.array([[1.0, 2.0]]), 0.5)
    array([[-2.,  0.]])
    """
    number("temperature", temperature, above=0)
    top = logits.max(axis=-1, keepdims=True)
    shift = np.where(np.isfinite(top), top, 0)
    with np.errstate(over="ignore"):  # −∞ rules a token out, as is meant
        return (logits - shift) / _positive(temperature, logits.dtype)


def keep_top_k(logits: Array, k: int) -> Array:
    """Only the k largest logits of each row are kept, and what equals the smallest of them.

    Raises:  InputError unless k is a whole number of at least 1.
    Source:  Fan et al. 2018, arXiv:1805.04833, section 5.4.

    >>> keep_top_k(np.array([[1.0, 3.0, 2.0]]), 2)
    array([[-inf,   3.,   2.]])
    """
    whole("top_k", k, 1)
    V = logits.shape[-1]
    if k >= V:
        return logits
    smallest = np.partition(logits, V - k, axis=-1)[:, V - k, None]  # (B, 1)
    return np.where(logits < smallest, -math.inf, logits).astype(logits.dtype, copy=False)


def keep_top_p(logits: Array, p: float) -> Array:
    """Only the nucleus is kept: the fewest tokens whose probabilities add up to p or more.

        the smallest set N with  Σ softmax(logits)ᵢ over i in N  ≥  p

    Of equal tokens those with smaller ids come first; at least one token is kept.

    Raises:  InputError unless 0 < p <= 1.
    Source:  Holtzman et al. 2020, arXiv:1904.09751, eq. 2.

    >>> keep_top_p(np.log(np.array([[0.5, 0.2, 0.3]])), 0.7).tolist()
    [[-0.6931, -inf, -1.2040]]
    """
    number("top_p", p, above=0, most=1)
    if p == 1:
        return logits
    kept = np.full_like(logits, -math.inf)
    for row, likely, result in zip(logits, probabilities(logits), kept, strict=True):
        nucleus = _nucleus(row, likely, p)
        result[nucleus] = row[nucleus]
    return kept


def _nucleus(logits: Array, likely: Array, p: float) -> Array:
    """The fewest tokens of one row whose probabilities add up to p or more.

    As long as there are many, they are parted at the median: either the likelier half is enough, or
    all of it is taken, and what is missing is looked for in the other. Only the last are sorted.
    """
    taken, tokens = [], np.flatnonzero(likely)
    while len(tokens) > 1000:
        of_these = logits[tokens]
        median = np.partition(of_these, len(tokens) // 2)[len(tokens) // 2]
        likelier = tokens[of_these > median]
        if not len(likelier):  # most are equal
            break
        together = likely[likelier].sum()
        if together >= p:
            tokens = likelier
        else:
            taken.append(likelier)
            tokens, p = tokens[of_these <= median], p - together
    likeliest_first = tokens[np.argsort(-logits[tokens], kind="stable")]
    enough = np.searchsorted(np.cumsum(likely[likeliest_first]), p) + 1
    return np.concatenate([*taken, likeliest_first[:enough]])


def penalize_repetition(logits: Array, ids: Array, penalty: float) -> Array:
    """Tokens that occurred already become less likely: x / θ where x > 0, else x·θ, θ = penalty.

    Below 1 they become likelier. What overflows becomes the largest finite number.

    Raises:  InputError unless the penalty is a positive number; 1 changes nothing.
    Shapes:  logits (B, V), ids (B, T)  ->  (B, V).
    Source:  Keskar et al. 2019, arXiv:1909.05858, section 4.1, which divides by θ always; that
             would make a repeated token with a negative logit likelier.

    >>> penalize_repetition(np.array([[2.0, -2.0, 4.0]]), np.array([[0, 1, 0]]), 2.0)
    array([[ 1., -4.,  4.]])
    """
    number("repetition_penalty", penalty, above=0)
    occurred = np.take_along_axis(logits, ids, axis=-1)  # (B, T)
    theta, limits = _positive(penalty, logits.dtype), np.finfo(logits.dtype)
    with np.errstate(over="ignore"):
        new = np.where(occurred > 0, occurred / theta, occurred * theta)
    new = np.where(np.isfinite(occurred), np.clip(new, limits.min, limits.max), occurred)
    penalized = logits.copy()
    np.put_along_axis(penalized, ids, new, axis=-1)
    return penalized


def _positive(x: float, dtype: Any) -> Any:
    """x in another precision, without becoming 0 or ∞."""
    limits = np.finfo(dtype)
    return dtype.type(min(max(x, float(limits.tiny)), float(limits.max)))


def probabilities(logits: Array) -> Array:
    """softmax(logits) in float64, with every doubtful case refused.

    Raises:  InputError if a logit is NaN or +∞, or if a row has no possible token.

    >>> probabilities(np.array([[0.0, 0.0, -math.inf]]))
    array([[0.5, 0.5, 0. ]])
    """
    e = np.exp(logits.astype(np.float64) - _top(logits))
    return e / e.sum(axis=-1, keepdims=True)


def _top(logits: Array) -> Array:
    """The largest logit of each row (B, 1), after it was checked that there is a distribution."""
    top = logits.max(axis=-1, keepdims=True)
    if not np.isfinite(top).all():
        bad = np.isnan(logits).any() or (top == math.inf).any()
        raise InputError(
            "the logits hold NaN or infinity, so there is nothing to draw from. Check that the "
            "model's weights are finite."
            if bad
            else "every token of a row was ruled out (logits −∞). Allow at least one."
        )
    return top


def draw(p: Array, generators: "Sequence[np.random.Generator]") -> Array:
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


@dataclass(frozen=True, kw_only=True)
class Sampling(Settings):
    """How the next token is chosen from its logits.

    >>> Sampling(temperature=-1.0)
    Traceback (most recent call last):
    minibig.backend.errors.InputError: temperature must be a number of at least 0; got -1.0.
    """

    temperature: float = setting(
        1.0, "below 1 likely tokens become likelier; 0 always takes the likeliest", least=0
    )
    top_k: int | None = setting(None, "only so many of the likeliest tokens are drawn", least=1)
    top_p: float | None = setting(
        None, "only the likeliest tokens that add up to this probability", above=0, most=1
    )
    repetition_penalty: float = setting(
        1.0, "above 1 tokens that occurred become less likely", above=0
    )

    def choose(
        self, logits: Array, ids: Array, generators: "Sequence[np.random.Generator]"
    ) -> Array:
        """One token for each row of logits (B, V), after the tokens ids (B, T).

        With temperature 0 that is the first of the likeliest, which top-k and top-p always keep.
        """
        if self.repetition_penalty != 1:
            logits = penalize_repetition(logits, ids, self.repetition_penalty)
        if self.temperature == 0:
            _top(logits)
            return logits.argmax(axis=-1)
        logits = scale_temperature(logits, self.temperature)
        logits = logits if self.top_k is None else keep_top_k(logits, self.top_k)
        logits = logits if self.top_p is None else keep_top_p(logits, self.top_p)
        return draw(probabilities(logits), generators)

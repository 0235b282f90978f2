"""A language small enough to know everything about it: grammars without recursion.

    Literal        one text                                           H = 0
    Choice         one of several parts, each with a probability p    H = Σ p·(H(part) − ln p)
    Concatenation  all parts, one after the other                     H = Σ H(part)
    Arrangement    k of n parts in a random order                     H = ln n!/(n−k)! + …

H is the entropy in nats of how a text is derived, and so are its expected bytes: sums over the
grammar, exact, with nothing drawn. If the grammar is unambiguous, so that a text has one derivation
only, H is the entropy of the texts too: no model in the world can have a smaller expected loss.
"""

import math
import random
from bisect import bisect_right
from collections.abc import Sequence
from functools import cached_property
from itertools import accumulate
from typing import Protocol

from minibig.backend.errors import InputError


class Grammar(Protocol):
    """Something that texts can be drawn from, and whose entropy is known."""

    @property
    def entropy(self) -> float:
        """−Σ p ln p over all derivations, in nats."""
        ...

    @property
    def expected_bytes(self) -> float:
        """The mean length of a text in UTF-8."""
        ...

    def draw(self, source: random.Random) -> str:
        """A random text."""
        ...


class Literal:
    """Always the same text.

    >>> Literal("a cat").expected_bytes
    5.0
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.entropy = 0.0
        self.expected_bytes = float(len(text.encode()))

    def draw(self, source: random.Random) -> str:
        """The text."""
        return self.text


class Choice:
    """One of several parts; all are equally likely unless weights are given.

    >>> round(Choice([Literal("a"), Literal("b")]).entropy, 4)  # ln 2
    0.6931
    """

    def __init__(self, parts: Sequence[Grammar], weights: Sequence[float] | None = None) -> None:
        weights = [1.0] * len(parts) if weights is None else weights
        if not parts or len(weights) != len(parts) or min(weights) <= 0:
            raise InputError(
                f"a choice needs parts and a positive weight for each; got {len(parts)} parts and "
                f"the weights {list(weights)}."
            )
        self.parts = tuple(parts)
        self.probabilities = tuple(weight / sum(weights) for weight in weights)
        self._cumulative = tuple(accumulate(self.probabilities))

    @cached_property
    def entropy(self) -> float:
        """H = Σ p·(H(part) − ln p)."""
        return math.fsum(
            p * (part.entropy - math.log(p))
            for p, part in zip(self.probabilities, self.parts, strict=True)
        )

    @cached_property
    def expected_bytes(self) -> float:
        """Σ p·bytes(part)."""
        return math.fsum(
            p * part.expected_bytes for p, part in zip(self.probabilities, self.parts, strict=True)
        )

    def draw(self, source: random.Random) -> str:
        """A text of one part."""
        # The last sum may be a rounding error below 1, so u is not compared with it.
        chosen = bisect_right(self._cumulative, source.random(), hi=len(self.parts) - 1)
        return self.parts[chosen].draw(source)


class Concatenation:
    """All parts, one after the other.

    >>> Concatenation([Literal("a "), Literal("cat")]).draw(random.Random(0))
    'a cat'
    """

    def __init__(self, parts: Sequence[Grammar]) -> None:
        self.parts = tuple(parts)

    @cached_property
    def entropy(self) -> float:
        """H = Σ H(part): the parts are independent."""
        return math.fsum(part.entropy for part in self.parts)

    @cached_property
    def expected_bytes(self) -> float:
        """Σ bytes(part)."""
        return math.fsum(part.expected_bytes for part in self.parts)

    def draw(self, source: random.Random) -> str:
        """A text of each part."""
        return "".join(part.draw(source) for part in self.parts)


class Arrangement:
    """k of n parts in a random order, none twice; `first` says each otherwise where it comes first.

    Each of the n!/(n−k)! orders is equally likely, so every part stands at a given place with
    probability 1/n:

        H = ln n!/(n−k)!  +  mean H(first)  +  (k − 1)·mean H(part)

    >>> letters = Arrangement([Literal("a"), Literal("b"), Literal("c")], 2)
    >>> letters.draw(random.Random(0)), round(letters.entropy, 4)  # ln 6
    ('cb', 1.7918)
    """

    def __init__(
        self, parts: Sequence[Grammar], k: int, *, first: Sequence[Grammar] | None = None
    ) -> None:
        self.parts, self.k = tuple(parts), k
        self.first = self.parts if first is None else tuple(first)
        if not 1 <= k <= len(self.parts) or len(self.first) != len(self.parts):
            raise InputError(
                f"an arrangement needs 1 <= k <= n, and n parts that may come first; got k = {k}, "
                f"n = {len(self.parts)} and {len(self.first)}."
            )

    @cached_property
    def entropy(self) -> float:
        """H = ln n!/(n−k)! + mean H(first) + (k − 1)·mean H(part)."""
        orders = math.log(math.perm(len(self.parts), self.k))
        return orders + self._over_places(
            [part.entropy for part in self.first], [part.entropy for part in self.parts]
        )

    @cached_property
    def expected_bytes(self) -> float:
        """mean bytes(first) + (k − 1)·mean bytes(part)."""
        return self._over_places(
            [part.expected_bytes for part in self.first],
            [part.expected_bytes for part in self.parts],
        )

    def _over_places(self, first: list[float], later: list[float]) -> float:
        return (math.fsum(first) + (self.k - 1) * math.fsum(later)) / len(self.parts)

    def draw(self, source: random.Random) -> str:
        """A text of each of k parts."""
        left = list(range(len(self.parts)))
        drawn = []
        for place in range(self.k):
            chosen = left.pop(int(source.random() * len(left)))
            drawn.append((self.parts if place else self.first)[chosen].draw(source))
        return "".join(drawn)

"""A language small enough to know everything about it: grammars without recursion.

    Literal        one text                                           H = 0
    Choice         one of several parts, each with a probability p    H = Σ p·(H(part) − ln p)
    Concatenation  all parts, one after the other                     H = Σ H(part)
    Arrangement    k of n parts in a random order                     H = ln n!/(n−k)! + …

H is the entropy in nats of how a text is derived, and so are its expected bytes: sums over the
grammar, exact, with nothing drawn. If the grammar is unambiguous, so that a text has one derivation
only, H is the entropy of the texts too: no model in the world can have a smaller expected loss.

`readings` goes the other way. It finds every derivation of a text, and their probability, by
dynamic programming over its positions: whether a grammar is unambiguous can so be checked.
"""

import math
import random
from collections.abc import Sequence
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple, Protocol, TypeVar

from minibig.backend.errors import InputError


class Reading(NamedTuple):
    """How often a stretch of text can be derived, and the probability of that."""

    derivations: int
    probability: float

    def then(self, other: "Reading") -> "Reading":
        """This one, and the other behind it."""
        return Reading(self.derivations * other.derivations, self.probability * other.probability)


Readings = dict[int, Reading]  # where a stretch may end -> how it is read so far
NOT_READ = Reading(0, 0.0)

Key = TypeVar("Key")


class Grammar(Protocol):
    """Something that texts can be drawn from, whose entropy is known, and that reads texts."""

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

    def readings(self, text: str, start: int = 0) -> Readings:
        """All ways to read the text from `start` on: where each ends, how often, how probably."""
        ...


class Literal:
    """Always the same text.

    >>> Literal("a cat").readings("Is a cat here?", 3)
    {8: Reading(derivations=1, probability=1.0)}
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.entropy = 0.0
        self.expected_bytes = float(len(text.encode()))

    def draw(self, source: random.Random) -> str:
        """The text."""
        return self.text

    def readings(self, text: str, start: int = 0) -> Readings:
        """The text itself, if it stands there."""
        found = text.startswith(self.text, start)
        return {start + len(self.text): Reading(1, 1.0)} if found else {}


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
        u = source.random()
        # The last sum may be a rounding error below 1.
        chosen = sum(u >= until for until in self._cumulative[:-1])
        return self.parts[chosen].draw(source)

    def readings(self, text: str, start: int = 0) -> Readings:
        """The readings of all parts."""
        found: Readings = {}
        for p, part in zip(self.probabilities, self.parts, strict=True):
            for end, reading in part.readings(text, start).items():
                _add(found, end, Reading(reading.derivations, p * reading.probability))
        return found


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

    def readings(self, text: str, start: int = 0) -> Readings:
        """Each part is read from wherever the one before it can end."""
        found: Readings = {start: Reading(1, 1.0)}
        for part in self.parts:
            longer: Readings = {}
            for middle, before in found.items():
                for end, reading in part.readings(text, middle).items():
                    _add(longer, end, before.then(reading))
            found = longer
        return found


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

    def readings(self, text: str, start: int = 0) -> Readings:
        """Each place is read by any part that is not used yet."""
        states = {(frozenset[int](), start): Reading(1, 1.0)}
        for place in range(self.k):
            longer: dict[tuple[frozenset[int], int], Reading] = {}
            for (used, middle), before in states.items():
                for i, part in enumerate(self.parts if place else self.first):
                    if i not in used:
                        for end, reading in part.readings(text, middle).items():
                            _add(longer, (used | {i}, end), before.then(reading))
            states = longer
        found: Readings = {}
        orders = math.perm(len(self.parts), self.k)
        for (_, end), (derivations, probability) in states.items():
            _add(found, end, Reading(derivations, probability / orders))
        return found


def read(grammar: Grammar, text: str) -> Reading:
    """How often, and with what probability, the grammar derives the whole text.

    >>> read(Choice([Literal("a"), Literal("b")]), "b"), read(Literal("a"), "ab").derivations
    (Reading(derivations=1, probability=0.5), 0)
    """
    return grammar.readings(text).get(len(text), NOT_READ)


def _add(table: dict[Key, Reading], key: Key, reading: Reading) -> None:
    """Add a reading to those that end at the same place."""
    before = table.get(key, NOT_READ)
    table[key] = Reading(
        before.derivations + reading.derivations, before.probability + reading.probability
    )

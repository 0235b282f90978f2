"""What a grammar derives a text from: every derivation is counted, by dynamic programming.

Whether a grammar is unambiguous, so that its entropy is that of its texts, can so be checked.
"""

import math
from collections import defaultdict
from typing import NamedTuple

from minibig.data.world.grammar import Arrangement, Choice, Concatenation, Literal


class Reading(NamedTuple):
    """How often a stretch of text can be derived, and the probability of that."""

    derivations: int
    probability: float

    def then(self, other):
        return Reading(self.derivations * other.derivations, self.probability * other.probability)

    def beside(self, other):
        return Reading(self.derivations + other.derivations, self.probability + other.probability)

    def times(self, probability):
        return Reading(self.derivations, self.probability * probability)


NOT_READ = Reading(0, 0.0)
EMPTY = Reading(1, 1.0)


def read(grammar, text):
    """How often, and with what probability, the grammar derives the whole text."""
    return readings(grammar, text, 0).get(len(text), NOT_READ)


def readings(grammar, text, start):
    """All ways to read the text from `start` on: where each ends, how often, how probably."""
    match grammar:
        case Literal():
            found = text.startswith(grammar.text, start)
            return {start + len(grammar.text): EMPTY} if found else {}
        case Choice():
            return _together(
                (end, reading.times(p))
                for p, part in zip(grammar.probabilities, grammar.parts, strict=True)
                for end, reading in readings(part, text, start).items()
            )
        case Concatenation():
            found = {start: EMPTY}
            for part in grammar.parts:
                found = _together(
                    (end, before.then(reading))
                    for middle, before in found.items()
                    for end, reading in readings(part, text, middle).items()
                )
            return found
        case Arrangement():
            return _of_arrangement(grammar, text, start)


def _of_arrangement(grammar, text, start):
    """Each place is read by any part that is not used yet."""
    states = {(frozenset(), start): EMPTY}
    for place in range(grammar.k):
        states = _together(
            ((used | {i}, end), before.then(reading))
            for (used, middle), before in states.items()
            for i, part in enumerate(grammar.parts if place else grammar.first)
            if i not in used
            for end, reading in readings(part, text, middle).items()
        )
    order = 1 / math.perm(len(grammar.parts), grammar.k)
    return _together((end, reading.times(order)) for (_, end), reading in states.items())


def _together(pairs):
    """The readings that end at the same place, added up."""
    found = defaultdict(lambda: NOT_READ)
    for key, reading in pairs:
        found[key] = found[key].beside(reading)
    return dict(found)

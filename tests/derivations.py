"""Every derivation of a small grammar, one by one: what its entropy and readings are checked by."""

import itertools
import math

from minibig.data.world.grammar import Arrangement, Choice, Concatenation, Literal


def derivations(grammar):
    """Every derivation as (text, probability), by the definition."""
    match grammar:
        case Literal():
            return [(grammar.text, 1.0)]
        case Choice():
            return [
                (text, p * q)
                for part, p in zip(grammar.parts, grammar.probabilities, strict=True)
                for text, q in derivations(part)
            ]
        case Concatenation():
            return _joined(grammar.parts)
        case Arrangement():
            orders = list(itertools.permutations(range(len(grammar.parts)), grammar.k))
            return [
                (text, q / len(orders))
                for first, *others in orders
                for text, q in _joined([grammar.first[first], *(grammar.parts[i] for i in others)])
            ]


def _joined(parts):
    return [
        ("".join(text for text, _ in chosen), math.prod(p for _, p in chosen))
        for chosen in itertools.product(*map(derivations, parts))
    ]

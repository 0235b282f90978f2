"""Exact match: an answer is right if it is the right one, character by character.

Spaces around an answer do not count. A softer measure, such as the share of words in common, would
give part of the score to an answer that is short and wrong.
"""

from collections.abc import Iterable

from minibig.backend import InputError
from minibig.backend.checks import iterable, text


def exact_match(answers: Iterable[str], expected: Iterable[str]) -> float:
    """The share of answers that are the expected ones, from 0 to 1.

    Raises:  InputError if there are no answers, or not one for each expected one.

    >>> exact_match(["in Rome", " a cook ", "Anna"], ["in Rome", "a cook", "Ann"])
    0.6666666
    """
    answers, expected = (
        [text("an answer", each, empty=True) for each in iterable(name, texts, "texts")]
        for name, texts in (("answers", answers), ("expected", expected))
    )
    if len(answers) != len(expected) or not expected:
        raise InputError(
            "there must be one answer for each expected one, and at least one; got "
            f"{len(answers)} for {len(expected)}."
        )
    right = [found.strip() == true.strip() for found, true in zip(answers, expected, strict=True)]
    return sum(right) / len(right)

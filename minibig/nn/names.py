"""The error for a name or pattern that nothing in a model has."""

import difflib
from collections.abc import Iterable

from minibig.backend import InputError
from minibig.backend.checks import shown


def no_match(what: str, pattern: str, names: Iterable[str]) -> InputError:
    """The error for a pattern that fits no name, with the nearest one that there is.

    >>> print(no_match("parameter", "block.0.weight", ["blocks.0.weight", "head.weight"]))
    there is no parameter 'block.0.weight'; did you mean blocks.0.weight?
    """
    known = [name for name in names if name]
    near = difflib.get_close_matches(pattern, known, n=1, cutoff=0.5)
    some = ", ".join(known[:8]) + ", ..." * (len(known) > 8)
    hint = f"did you mean {near[0]}?" if near else f"there are {some or 'none at all'}."
    return InputError(f"there is no {what} {shown(pattern)}; {hint}")

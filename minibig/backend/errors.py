"""Error sentences: what was expected, what came, what to do.

Every error that a user can cause is one sentence of this form, everywhere in the package.
"""

from typing import Any

class InputError(ValueError):
    """Something the user gave cannot be used; the message is the one sentence the user needs.

    The command line prints the message of an `InputError` without a traceback; any other exception
    is a defect of minibig and keeps its traceback.
    """

def expect_shape(name: str, x: Any, pattern: str, **sizes: int) -> None:
    """Raise unless the axes of x fit `pattern`: one letter an axis, "..." for any number of them.

    Raises:  InputError that names the expected and the given shape.

    >>> import numpy as np
    >>> expect_shape("x", np.zeros((8, 3, 64)), "B T D", D=64)
    >>> expect_shape("x", np.zeros((8, 64)), "B T D", D=64)
    Traceback (most recent call last):
    minibig.backend.errors.InputError: x must have shape (B, T, D) with D = 64; got (8, 64). \
Add a batch axis with x[None].
    """
    letters = pattern.split()
    shape = tuple(x.shape)
    named = [letter for letter in letters if letter != "..."]
    open_ended = len(named) < len(letters)
    fits = len(shape) >= len(named) if open_ended else len(shape) == len(named)
    if fits:
        start = letters.index("...") if open_ended else 0
        skipped = len(shape) - len(named)
        axes = shape[:start] + shape[start + skipped :]
        pairs = list(zip(named, axes, strict=True))
        if all(sizes.get(letter, dict(pairs)[letter]) == size for letter, size in pairs):
            return
    known = ", ".join(f"{letter} = {sizes[letter]}" for letter in named if letter in sizes)
    sentence = f"{name} must have shape ({', '.join(letters)})"
    sentence += f" with {known}" * bool(known) + f"; got {shape}."
    if not open_ended and letters[:1] == ["B"] and len(shape) == len(letters) - 1:
        sentence += f" Add a batch axis with {name}[None]."
    raise InputError(sentence)

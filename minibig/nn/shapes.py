"""What the input of a layer must look like: one letter an axis, and a sentence if it does not."""

from typing import Any

from minibig.backend import InputError


def expect_axes(name: str, x: Any, pattern: str, **sizes: int) -> None:
    """Raise unless the axes of x fit `pattern`: one letter an axis, "..." for any number of them.

    Raises:  InputError that names the expected and the given shape.

    >>> import numpy as np
    >>> expect_axes("x", np.zeros((8, 3, 64)), "B T D", D=64)
    >>> expect_axes("x", np.zeros((8, 64)), "B T D", D=64)
    Traceback (most recent call last):
    minibig.backend.errors.InputError: x must have shape (B, T, D) with D = 64; got (8, 64). \
Add a batch axis with x[None].
    """
    letters, shape = pattern.split(), tuple(x.shape)
    axes = list(letters)  # with a letter for each axis
    if "..." in letters:
        start = letters.index("...")
        axes[start : start + 1] = ["..."] * (len(shape) - len(letters) + 1)
    known = dict(sizes)  # a letter without a size gets that of its first axis
    if len(axes) == len(shape) and all(
        letter == "..." or known.setdefault(letter, size) == size
        for letter, size in zip(axes, shape, strict=True)
    ):
        return
    given = ", ".join(f"{letter} = {sizes[letter]}" for letter in letters if letter in sizes)
    sentence = f"{name} must have shape ({', '.join(letters)})"
    sentence += f" with {given}" * bool(given) + f"; got {shape}."
    if letters[:1] == ["B"] and "..." not in letters and len(shape) == len(letters) - 1:
        sentence += f" Add a batch axis with {name}[None]."
    raise InputError(sentence)

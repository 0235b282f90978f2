"""What goes out to a terminal: text that cannot move its cursor, and errors that name the output.

What is printed may come from a file, a model or a user.
"""

from collections.abc import Iterator
from contextlib import contextmanager

_DIRECTIONS = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))  # they let a line look otherwise
_CONTROLS = {
    code: "\ufffd"
    for code in (*range(32), *range(127, 160), *_DIRECTIONS, 0x2028, 0x2029)
    if chr(code) not in "\n\t"
}


def cleaned(text: str) -> str:
    r"""The text without characters that would move a cursor, change a color or turn a line round.

    >>> cleaned("a\x1b[2Jb\n")
    'a�[2Jb\n'
    """
    return text.translate(_CONTROLS)


@contextmanager
def naming_stdout() -> Iterator[None]:
    """Within the block an error of the system that names no file is one of the standard output."""
    try:
        yield
    except OSError as error:
        error.filename = error.filename or "the standard output"
        raise

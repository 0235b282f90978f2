"""The one door to the terminal: all that the command prints goes out here, and text comes in.

What is printed may come from a file, a model or a user, so a terminal gets no control characters,
and an error is one line that is not too long. A character that cannot be shown becomes a question
mark, never an exception. Text that comes in is UTF-8.
"""

import io
import os
import shutil
import sys
from contextlib import suppress
from typing import Any

from minibig.files import cleaned, decoded, naming_stdout

_LONGEST = 1000  # characters of an error
_TABLE_WIDTH = 80


def open_streams() -> None:
    """What the caller has closed leads nowhere, and no character can make printing fail."""
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115
    for output in (sys.stdout, sys.stderr):
        if isinstance(output, io.TextIOWrapper):
            output.reconfigure(errors="replace")


def leave_stdout() -> None:
    """Whoever read the output has gone; Python would complain when it flushes at the end."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def say(text: str = "", *, end: str = "\n") -> None:
    """Print to the standard output, at once; a file gets the text as it is."""
    with naming_stdout():
        print(cleaned(text) if sys.stdout.isatty() else text, end=end, flush=True)


def remark(text: str) -> None:
    """Lines on the standard error: what a user should know, and a program does not read."""
    print(cleaned(text), file=sys.stderr, flush=True)


def complain(text: str) -> None:
    """One line on the standard error."""
    line = cleaned(" ".join(text.split()))
    cut = line if len(line) <= _LONGEST else f"{line[: _LONGEST // 2]} ... {line[-_LONGEST // 2 :]}"
    with suppress(OSError, ValueError):
        print(f"minibig: {cut}", file=sys.stderr, flush=True)


def output_width() -> int:
    """How many columns a line may have: those of the terminal but the last, or any number."""
    return shutil.get_terminal_size().columns - 1 if sys.stdout.isatty() else sys.maxsize


def table_width() -> int:
    """How many columns the help and tables may have: at most 80, also in a file."""
    return min(_TABLE_WIDTH, shutil.get_terminal_size().columns) - 1


def sentence_of(error: BaseException) -> str:
    """What an error says to a user.

    >>> sentence_of(FileNotFoundError(2, "No such file or directory", "a.txt"))
    'a.txt: No such file or directory.'
    """
    if isinstance(error, MemoryError):
        return f"there is not enough memory. {error}".strip()
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}." if error.filename else f"{error.strerror}."
    return str(error) or type(error).__name__


def input_bytes() -> Any:
    """The standard input as a file of bytes; an empty one, if it was closed."""
    return getattr(sys.stdin, "buffer", io.BytesIO())


def given_text(text: str, *, errors: str = "strict") -> str:
    """The text that was given as an argument, or the standard input for "-".

    Raises:  InputError for input that is no UTF-8, unless `errors` is "replace".
    """
    if text != "-":
        return text
    text = decoded(input_bytes().read(), "the standard input", errors)
    return text.removeprefix("\ufeff").replace("\r\n", "\n")

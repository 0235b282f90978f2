"""What the command reads and writes: any text on any terminal, and errors of one line.

A terminal or pipe that cannot show a character gets a question mark, never an exception. Text that
comes in is UTF-8.
"""

import argparse
import io
import shutil
import sys
from pathlib import Path

from minibig.backend import InputError

_CONTROLS = {code: "\ufffd" for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"}


def accept_any_text() -> None:
    """From now on no character can make printing fail."""
    for output in (sys.stdout, sys.stderr):
        if isinstance(output, io.TextIOWrapper):
            output.reconfigure(errors="replace")


def say(text: str = "", *, end: str = "\n") -> None:
    """Print to the standard output, at once; a terminal gets no control characters.

    A model that knows little writes any byte, also those that make terminals beep or go blank.
    """
    if sys.stdout.isatty():
        text = text.translate(_CONTROLS)
    print(text, end=end, flush=True)


def output_width() -> int:
    """How many columns a line may have: those of the terminal but the last, or any number.

    Some terminals go on to the next line when the last column is filled, and then obey the line
    break as well.
    """
    return shutil.get_terminal_size().columns - 1 if sys.stdout.isatty() else sys.maxsize


def remark(text: str) -> None:
    """Lines on the standard error: what a user should know, and a program does not read."""
    print(text.translate(_CONTROLS), file=sys.stderr, flush=True)


def complain(text: str) -> None:
    """One line on the standard error."""
    print(f"minibig: {' '.join(text.split())}", file=sys.stderr, flush=True)


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


def add_errors_flag(parser: argparse.ArgumentParser) -> None:
    """The flag that says what becomes of bytes that are no UTF-8."""
    parser.add_argument(
        "--errors",
        choices=("strict", "replace"),
        default="strict",
        help="what to do with bytes that are no UTF-8 (strict)",
    )


def given_text(text: str, *, errors: str = "strict") -> str:
    """The text that was given as an argument, or the standard input for "-".

    Raises:  InputError for bytes that are no UTF-8, unless `errors` is "replace".
    """
    if text == "-":
        return _as_in_a_corpus(decoded(sys.stdin.buffer.read(), "the standard input", errors))
    try:
        data = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # half a surrogate pair, which Windows lets through
        data = text.encode("utf-8", "surrogatepass")
    return decoded(data, "the text", errors)


def file_text(path: str, *, errors: str = "strict") -> str:
    """The text of a UTF-8 file."""
    return _as_in_a_corpus(decoded(Path(path).read_bytes(), path, errors))


def _as_in_a_corpus(text: str) -> str:
    r"""A text as training would see it: no byte order mark at its start, CRLF as LF.

    >>> _as_in_a_corpus("\ufeffone\r\ntwo")
    'one\ntwo'
    """
    return text.removeprefix("\ufeff").replace("\r\n", "\n")


def decoded(data: bytes, name: str, errors: str) -> str:
    """Bytes as text.

    >>> decoded(b"caf\\xe9", "a.txt", "replace")
    'caf�'
    >>> decoded(b"caf\\xe9", "a.txt", "strict")
    Traceback (most recent call last):
    minibig.backend.errors.InputError: a.txt must be UTF-8; byte 3 is not. Convert it, or use \
--errors replace.
    """
    try:
        return data.decode("utf-8", errors)
    except UnicodeDecodeError as error:
        raise InputError(
            f"{name} must be UTF-8; byte {error.start} is not. Convert it, or use --errors replace."
        ) from error

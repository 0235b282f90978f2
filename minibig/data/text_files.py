"""The user's own files as documents: a file, a folder of them, or what a pattern matches.

A text file is one document, unless it contains `<|endoftext|>`: then it is cut there. Of a table
(`columns.py`) each row is one. Text is UTF-8. A byte order mark at its start is dropped and CRLF
becomes LF; nothing else is changed.
"""

import codecs
import os
from collections.abc import Iterator
from pathlib import Path

from minibig.backend import checks
from minibig.backend.errors import InputError
from minibig.data.columns import check_is_text, column_texts
from minibig.data.documents import DOCUMENT_SEPARATOR, Piece, split_documents
from minibig.files import decoded_blocks, files_below, files_matching, open_regular, read_blocks

PIECE_BYTES = 1 << 16
TEXT_SUFFIXES = (".md", ".rst", ".text", ".txt")


def file_documents(path: Path, errors: str, column: str | None = None) -> Iterator[Piece]:
    """The documents of one file, or of one column of a table; perhaps none."""
    texts = decoded_blocks(path, read_blocks(path, PIECE_BYTES), errors)
    if column is None:
        check_is_text(str(path), texts_of_head(path))
        return split_documents(texts)
    rows = column_texts(texts, str(path), column, errors=errors)
    return split_documents(f"{row}{DOCUMENT_SEPARATOR}\n" for row in rows)


def texts_of_head(path: Path) -> Iterator[str]:
    """The text of a file block by block, whatever its encoding: to read a header in it."""
    yield from codecs.iterdecode(read_blocks(path, PIECE_BYTES), "utf-8-sig", errors="replace")


def text_files(path: str | os.PathLike[str]) -> list[Path]:
    """The files that a path or a pattern stands for, each once, sorted by path."""
    given = checks.path("path", path)
    if given.is_dir():
        files = [file for file in files_below(given) if file.suffix.lower() in TEXT_SUFFIXES]
        nothing = (
            f"{path} holds no file ending in {', '.join(TEXT_SUFFIXES)}; name the files with a "
            f"glob such as '{given.as_posix()}/**/*.py'."
        )
    elif os.path.lexists(given):
        with open_regular(given):
            return [given]
    else:
        files = list(files_matching(given))
        nothing = f"no file matches {path}; check the pattern and the folder it starts from."
    if not files:
        raise InputError(nothing)
    once = {os.path.realpath(file): file for file in sorted(files, key=Path.as_posix, reverse=True)}
    return sorted(once.values(), key=Path.as_posix)

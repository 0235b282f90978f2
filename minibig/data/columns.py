"""One column of a table as a corpus: every row of a JSONL, CSV or TSV file is a document.

A column is named after the file and a colon: `chats.jsonl:text`, `tables/*.csv:answer`. The colon
of a Windows drive is none of this, for no ending of a table stands before it.

    .jsonl, .ndjson   a JSON object in each line; the column is one of its names
    .csv, .tsv        cells between commas or tabs, by RFC 4180; the first row names the columns

A table is learned from by a column, never by its raw rows, read one after the other; a single one
may have 64 million characters. Blank lines and empty texts are left out. What is not as it must be
is refused with the number of its line.
"""

import csv
import json
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import PurePath

from minibig.backend.checks import shown
from minibig.backend.errors import InputError
from minibig.files import StorageError, unique_keys

TABLES = (".jsonl", ".ndjson", ".csv", ".tsv")

_AS_LINES = "Write one object a line into a .jsonl file, and name a column of it: data.jsonl:text."
_COLUMN = re.compile(r"(.+?\.(?:jsonl|ndjson|csv|tsv)):(.+)", re.IGNORECASE | re.DOTALL)
_SURROGATE = re.compile("[\ud800-\udfff]")
_LONGEST = 1 << 26  # characters of a row: an unclosed quotation mark must not swallow a gigabyte
_MOST_NAMES = 12  # in an error


def split_column(name: str) -> tuple[str, str | None]:
    """The path, and the column if the name has one.

    >>> split_column("C:/data/chats.jsonl:text"), split_column("C:/data/chats.txt")
    (('C:/data/chats.jsonl', 'text'), ('C:/data/chats.txt', None))
    """
    found = _COLUMN.fullmatch(name)
    return (found[1], found[2]) if found else (name, None)


def check_is_text(path: str, beginning: Iterable[str]) -> None:
    """Refuse a table of which no column was named, with the columns that its beginning shows."""
    suffix = PurePath(path).suffix.lower()
    if suffix == ".json":
        raise InputError(f"{path} is JSON and no text. {_AS_LINES}")
    if suffix in TABLES:
        names = _names_in(path, beginning)
        example = names[0] if names else "text"
        raise InputError(
            f"{path} is a table: name the column to read, such as {path}:{example}. It has "
            f"{_listed(names)}."
        )


def refuse_column(name: str) -> None:
    """Refuse a column of a file that has none."""
    path, colon, column = name.rpartition(":")
    suffix = PurePath(path).suffix
    if not (colon and os.path.isfile(path)):
        return
    if suffix.lower() in TABLES:
        raise InputError(f"{name} names no column; write its name after the colon.")
    advice = _AS_LINES if suffix.lower() == ".json" else "Give the file without a column."
    raise InputError(
        f"{path} has no column {column!r}: only {', '.join(TABLES)} files have columns. {advice}"
    )


def column_texts(
    texts: Iterable[str], path: str, column: str, *, errors: str = "strict"
) -> Iterator[str]:
    """The texts of a column, row by row; `texts` is the content of the file in pieces of any size.

    With `errors="replace"` half of a surrogate pair, which JSON can write, becomes U+FFFD.

    Raises:  InputError that names the line: for what is no JSON object, a row of another length
             than the first, quotation marks that do not match, a column that is missing (with those
             that there are) or holds no text.

    >>> list(column_texts(["n,word", "\\n1,one\\n2,", "two\\n"], "table.csv", "word"))
    ['one', 'two']
    """
    rows = _objects if path.lower().endswith(("jsonl", "ndjson")) else _cells
    for line, text in rows(_lines(texts, path), path, column):
        if half := _SURROGATE.search(text):
            if errors != "replace":
                raise InputError(
                    f"line {line} of {path} holds half of a surrogate pair, U+{ord(half[0]):04X}; "
                    "correct it, or replace such characters with errors='replace'."
                )
            text = _SURROGATE.sub("\ufffd", text)
        if text:
            yield text


def _lines(texts: Iterable[str], path: str) -> Iterator[str]:
    """The lines of a stream of text, with their line ends."""
    held: list[str] = []
    length, number = 0, 1
    for text in texts:
        *ended, rest = text.split("\n")
        for part in ended:
            yield "".join([*held, part, "\n"])
            held, length, number = [], 0, number + 1
        held.append(rest)
        length += len(rest)
        if length > _LONGEST:
            raise _refused(path, number, f"has more than {_LONGEST:,} characters")
    if last := "".join(held):
        yield last


def _objects(lines: Iterator[str], path: str, column: str) -> Iterator[tuple[int, str]]:
    """Number of the line, and text, of every JSON object."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line, object_pairs_hook=unique_keys)
        except (ValueError, RecursionError, StorageError) as error:
            raise _refused(path, number, f"is no JSON ({error}){_about_returns(line)}") from None
        if not isinstance(row, dict):
            raise _refused(path, number, f"must be a JSON object; it is a {type(row).__name__}")
        if column not in row:
            raise _refused(path, number, _missing(column, row))
        if not isinstance(row[column], str):
            kind = type(row[column]).__name__
            raise _refused(path, number, f"must hold a text as {column!r}; it holds a {kind}")
        yield number, row[column]


def _cells(lines: Iterator[str], path: str, column: str) -> Iterator[tuple[int, str]]:
    """Number of its first line, and text, of every row of cells."""
    csv.field_size_limit(_LONGEST)
    reader = csv.reader(lines, delimiter=_delimiter(path), strict=True)
    header: list[str] | None = None
    while True:
        number = reader.line_num + 1
        try:
            row = next(reader, None)
        except csv.Error as error:
            row_end = "new-line character" in str(error)
            reason = _about_returns("\r\n") if row_end else f" ({error})"
            raise _refused(path, number, f"begins a row that cannot be read{reason}") from None
        if row is None:
            return
        if header is None and row:
            header = row
            if header.count(column) != 1:
                twice = f"names the column {column!r} more than once"
                raise _refused(path, number, twice if column in row else _missing(column, row))
        elif header is not None and row:
            if len(row) != len(header):
                found = f"begins a row of {len(row)} cells; the first row has {len(header)}"
                raise _refused(path, number, found)
            yield number, row[header.index(column)]


def _missing(column: str, names: Iterable[str]) -> str:
    return f"has no column {shown(column)}; it has {_listed(list(names))}"


def _about_returns(line: str) -> str:
    """What to do where lines end as they did on old Macintosh computers."""
    if "\r" not in line.rstrip("\n"):
        return ""
    return (
        ": it holds a carriage return (CR) outside quotation marks. If the lines of the file end "
        "in CR alone, convert it: tr '\\r' '\\n' < old > new"
    )


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _MOST_NAMES:,} more" if len(names) > _MOST_NAMES else ""
    return (", ".join(map(shown, names[:_MOST_NAMES])) or "none") + more


def _names_in(path: str, beginning: Iterable[str]) -> list[str]:
    """The columns of a table by its first row, or none where that cannot be read."""
    texts = (text.replace("\r", "\n") for text in beginning)  # also of an old Macintosh file
    lines = (line for line in _lines(texts, path) if line.strip())
    try:
        if path.lower().endswith(("jsonl", "ndjson")):
            row = json.loads(next(lines, ""))
            return list(row) if isinstance(row, dict) else []
        return next(csv.reader(lines, delimiter=_delimiter(path)), [])
    except (ValueError, RecursionError, csv.Error, InputError):
        return []


def _delimiter(path: str) -> str:
    return "\t" if path.lower().endswith("tsv") else ","


def _refused(path: str, line: int, what: str) -> InputError:
    return InputError(f"line {line} of {path} {what}.")

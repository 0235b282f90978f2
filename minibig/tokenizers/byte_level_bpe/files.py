"""GPT-2's two files: `vocab.json` gives every token its id, `merges.txt` lists the merges.

Tokens are spelled in byte symbols. `merges.txt` begins with a version line, and each line after it
is one merge, the two tokens separated by a space, the earliest first. What is read here is only
well-formed; whether the two belong together is asked by `vocabulary.py`.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from minibig.backend.errors import InputError
from minibig.tokenizers.files import read_json_object, read_text, write_text

_VERSION_LINE = "#version: 0.2"


def read_vocabulary(path: Path) -> dict[str, int]:
    """The ids by token, in the order of the file."""
    vocabulary = read_json_object(path)
    for token, number in vocabulary.items():
        if type(number) is not int:
            raise InputError(f"{path}: ids must be integers; got {number!r:.40} for {token!r}.")
    return vocabulary


def read_merges(path: Path) -> list[tuple[str, str]]:
    """The merges, earliest first.

    Raises:  InputError that names the file and the line, unless it is two tokens.
    """
    lines = read_text(path).removesuffix("\n").split("\n")
    first = 1 if lines[0].startswith("#version") or lines == [""] else 0
    merges = []
    for number, line in enumerate(lines[first:], start=first + 1):
        parts = line.split(" ")
        if len(parts) != 2 or not all(parts):
            raise InputError(
                f"{path}, line {number}: a merge must be two tokens with one space between; "
                f"got {line[:60]!r}."
            )
        merges.append((parts[0], parts[1]))
    return merges


def write_vocabulary(path: Path, vocabulary: Mapping[str, int]) -> None:
    """Write the tokens in the order of their ids."""
    write_text(path, json.dumps(dict(sorted(vocabulary.items(), key=lambda item: item[1]))))


def write_merges(path: Path, merges: Iterable[tuple[str, str]]) -> None:
    """Write the version line and one merge a line."""
    write_text(path, "\n".join([_VERSION_LINE, *map(" ".join, merges)]) + "\n")

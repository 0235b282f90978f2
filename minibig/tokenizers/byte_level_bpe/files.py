"""GPT-2's two files: `vocab.json` gives every token its id, `merges.txt` lists the merges.

Tokens are spelled in byte symbols. `merges.txt` begins with a version line, and each line after it
is one merge, the two tokens separated by a space, the earliest first. What is read here is only
well-formed; `vocabulary.py` checks whether the two belong together.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from minibig.backend.checks import shown
from minibig.backend.errors import InputError
from minibig.files import read_json, read_text
from minibig.tokenizers.files import MOST_BYTES

VOCABULARY_FILE, MERGES_FILE = "vocab.json", "merges.txt"
_VERSION_LINE = "#version: 0.2"


def read_vocabulary(path: Path) -> dict[str, int]:
    """The ids by token, in the order of the file."""
    vocabulary: dict[str, int] = read_json(path, MOST_BYTES, dict)
    for token, number in vocabulary.items():
        if type(number) is not int:
            raise InputError(
                f"{path}: ids must be integers; got {shown(number)} for {shown(token)}."
            )
    return vocabulary


def read_merges(path: Path) -> list[tuple[str, str]]:
    """The merges, earliest first; line ends may be those of any system.

    Raises:  InputError that names the file and the line, unless it is two tokens.
    """
    text = read_text(path, MOST_BYTES).replace("\r\n", "\n").replace("\r", "\n")
    lines = text.removesuffix("\n").split("\n")
    first = 1 if lines[0].startswith("#version") or lines == [""] else 0
    merges = []
    for number, line in enumerate(lines[first:], start=first + 1):
        parts = line.split(" ")
        if len(parts) != 2 or not all(parts):
            raise InputError(
                f"{path}, line {number}: a merge must be two tokens with one space between; "
                f"got {shown(line)}."
            )
        merges.append((parts[0], parts[1]))
    return merges


def vocabulary_content(vocabulary: Mapping[str, int]) -> bytes:
    """What stands in `vocab.json`: the tokens in the order of their ids.

    >>> vocabulary_content({"Ġ": 1, "a": 0})
    b'{"a": 0, "\\\\u0120": 1}'
    """
    in_order = sorted(vocabulary.items(), key=lambda item: item[1])
    return json.dumps(dict(in_order)).encode()


def merges_content(merges: Iterable[tuple[str, str]]) -> bytes:
    r"""What stands in `merges.txt`: the version line, and one merge a line.

    >>> merges_content([("h", "e")])
    b'#version: 0.2\nh e\n'
    """
    return ("\n".join([_VERSION_LINE, *map(" ".join, merges)]) + "\n").encode()

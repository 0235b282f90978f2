"""Text in the columns of a terminal: how wide it is, and where its lines end.

A Chinese character is two columns wide and may be parted from the next one anywhere; an accent that
joins the letter before it takes none.
"""

import re
import unicodedata
from collections.abc import Sequence

GAP = "   "  # between two columns of text
_WIDEST_CELL, _NARROWEST_CELL = 40, 8  # columns of a cell in a table
_NARROWEST = 15  # columns beside a label in which a text can still be read
_WORD = re.compile("[^\\s\u2e80-\uffff]+\\s*|\\S\\s*|\\s+")  # characters of Asia stand alone
_SOFT_HYPHEN, _FIRST_JOINING_JAMO, _LAST_JOINING_JAMO = "\u00ad", "\u1160", "\u11ff"


def columns_of(text: str) -> int:
    """How many columns the text takes.

    >>> columns_of("Zürich"), columns_of("苏黎世"), columns_of("e\u0301")
    (6, 6, 1)
    """
    return sum(map(_columns, text))


def padded(text: str, width: int) -> str:
    """The text, filled with spaces to `width` columns.

    >>> padded("你好", 6) + "|"
    '你好  |'
    """
    return text + " " * (width - columns_of(text))


def shortened(text: str, width: int) -> str:
    """The text in one line of at most `width` columns; what does not fit is "…".

    >>> shortened("a long story", 8), shortened("你好你好", 6)
    ('a long…', '你好…')
    """
    text = " ".join(text.split())
    if columns_of(text) <= width:
        return text
    while text and columns_of(text) > width - 1:
        text = text[:-1]
    return text.rstrip() + "…"


def wrapped(text: str, width: int) -> str:
    """The text in lines of at most `width` columns; a word that is wider than a line is cut.

    >>> wrapped("a text of two lines", 10)
    'a text of\\ntwo lines'
    """
    lines = []
    for paragraph in text.split("\n"):
        line, taken = "", 0
        for word in _WORD.findall(paragraph):
            if line and taken + columns_of(word.rstrip()) > width:
                lines.append(line.rstrip())
                line, taken = "", 0
            for character in word:
                wide = _columns(character)
                if taken + wide > width and not character.isspace():
                    lines.append(line.rstrip())
                    line, taken = "", 0
                line, taken = line + character, taken + wide
        lines.append(line.rstrip())
    return "\n".join(lines)


def labelled(label: str, text: str, label_width: int, width: int) -> str:
    """A label and a text, in lines of at most `width` columns: beside it, or below if it is narrow.

    >>> print(labelled("name", "a text that takes two lines", 6, 24))
    name    a text that
            takes two lines
    >>> print(labelled("name", "a text that takes two lines", 6, 20))
    name
      a text that takes
      two lines
    """
    indent = label_width + 2
    if width - indent < _NARROWEST:
        below = wrapped(text, width - 2).split("\n")
        return "\n".join([label.rstrip(), *(f"  {line}" for line in below)])
    lines = wrapped(text, width - indent).split("\n")
    rows = [padded("" if i else label, indent) + line for i, line in enumerate(lines)]
    return "\n".join(row.rstrip() for row in rows)


def in_columns(cells: Sequence[str], widths: Sequence[int], width: int) -> str:
    """Cells in one line of at most `width` columns; the last one takes what the others leave.

    The first cell stands to the left in its column, those between to the right.

    >>> in_columns(["你好", "8 %", "a long story"], (6, 5), 24)
    '你好     8 %  a long st…'
    """
    first, *between, last = cells
    widest = min(widths[0], width - sum(widths[1:]) - len(between))
    line = padded(shortened(first, widest), widest)
    for cell, wide in zip(between, widths[1:], strict=True):
        line += " " + " " * (wide - columns_of(cell)) + cell
    room = width - columns_of(line) - 2
    return f"{line}  {shortened(last, room)}" if room > 2 else line


def table(rows: Sequence[Sequence[str]], width: int) -> str:
    """Rows of cells in columns, the first to the left and the others to the right.

    A table that is wider than `width` columns has its widest cells shortened.

    >>> print(table([["run", "loss"], ["a", "1.25"]], 79))
    run   loss
    a     1.25
    """
    most = _WIDEST_CELL
    while True:
        cells = [[shortened(cell, most) for cell in row] for row in rows]
        widths = [max(map(columns_of, column)) for column in zip(*cells, strict=True)]
        total = sum(widths) + len(GAP) * (len(widths) - 1)
        if total <= width or most <= _NARROWEST_CELL:
            break
        most -= 1
    lines = []
    for first, *others in cells:
        right = [
            " " * (wide - columns_of(cell)) + cell
            for cell, wide in zip(others, widths[1:], strict=True)
        ]
        lines.append(GAP.join([padded(first, widths[0]), *right]))
    return "\n".join(lines)


def _columns(character: str) -> int:
    if unicodedata.east_asian_width(character) in "WF":
        return 2
    joins = unicodedata.category(character) in ("Mn", "Me", "Cf") and character != _SOFT_HYPHEN
    return 0 if joins or _FIRST_JOINING_JAMO <= character <= _LAST_JOINING_JAMO else 1

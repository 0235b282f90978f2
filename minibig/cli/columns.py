"""Text in the columns of a terminal: how wide it is, where its lines end, what stands side by side.

A Chinese character is two columns wide and may be parted from the next one anywhere; an accent that
joins the letter before it takes none. Lines are broken as the text comes, so that what is written
slowly can be read at once.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Sequence

GAP = "   "  # between two columns of text
_NARROWEST = 15  # columns beside a label in which a text can still be read
_OPENING = set("\"'（《「『【〔“‘")  # no line ends after them
_CLOSING = set("\"'，。！？；：、）》」』】〕”’…·％")  # and none begins with these
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


def fitted(text: str, width: int) -> str:
    """The text in lines of at most `width` columns.

    >>> fitted("a text of two lines", 10)
    'a text of\\ntwo lines'
    """
    breaker = LineBreaker(width)
    return breaker.feed(text) + breaker.finish()


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
        below = fitted(text, width - 2).split("\n")
        return "\n".join([label.rstrip(), *(f"  {line}" for line in below)])
    lines = fitted(text, width - indent).split("\n")
    rows = [padded("" if i else label, indent) + line for i, line in enumerate(lines)]
    return "\n".join(row.rstrip() for row in rows)


class LineBreaker:
    """Breaks a text that comes in pieces into lines of at most `width` columns.

    A line ends at a space, which goes, or before or after a wide character; a word that is wider
    than a line is cut. Only the last word waits, for it may grow. A width below 2 counts as 2: the
    widest character must fit.

    >>> breaker = LineBreaker(10)
    >>> breaker.feed("to be or n"), breaker.feed("ot to be"), breaker.finish()
    ('to be or', '\\nnot to', ' be')
    """

    def __init__(self, width: int) -> None:
        self.width = max(2, width)
        self._column, self._spaces, self._word = 0, 0, ""

    def feed(self, piece: str) -> str:
        """What can be printed now, with line breaks where they belong."""
        return "".join(map(self._feed, piece.replace("\t", "    ")))

    def finish(self) -> str:
        """The last word; spaces at the end go."""
        return self._end_word()

    def _feed(self, character: str) -> str:
        if character == "\n":
            out = self._end_word() + "\n"
            self._column = self._spaces = 0
            return out
        if character == " ":
            out = self._end_word()
            self._spaces += 1
            return out
        out = self._end_word() if self._may_break_before(character) else ""
        self._word += character
        return out

    def _may_break_before(self, character: str) -> bool:
        if not self._word or character in _CLOSING or self._word[-1] in _OPENING:
            return False
        if _columns(character) == 0:
            return False
        return _columns(character) == 2 or _columns(self._word[-1]) == 2

    def _end_word(self) -> str:
        if not self._word:
            return ""
        word, spaces = self._word, self._spaces
        self._word, self._spaces = "", 0
        if self._column + spaces + columns_of(word) <= self.width:
            self._column += spaces + columns_of(word)
            return " " * spaces + word
        out = "\n" if self._column else ""
        self._column = 0
        for character in word:
            if self._column + _columns(character) > self.width:
                out, self._column = out + "\n", 0
            out, self._column = out + character, self._column + _columns(character)
        return out


def side_by_side(texts: Sequence[Iterable[str]], width: int) -> Iterator[str]:
    """Texts that come in pieces, each in a column of `width`: rows, each when it is complete.

    All texts grow together, a piece of each at a time, and no row is ever changed: nothing but
    lines is printed, and what has scrolled away is still right.

    >>> print(*side_by_side([["to be ", "or not to be"], ["你好，", "世界"]], 8), sep="\\n")
    to be or   你好，世
    not to     界
    be
    """
    columns = [_Column(text, width) for text in texts]
    n_rows = 0
    while True:
        growing = [column.grow() for column in columns]  # a list: each is to take its piece
        longest = max((len(column.lines) for column in columns), default=0)
        ready = min((len(c.lines) for c in columns if not c.ended), default=longest)
        for row in range(n_rows, ready):
            cells = [column.lines[row] if row < len(column.lines) else "" for column in columns]
            yield GAP.join(padded(cell, width) for cell in cells).rstrip()
        n_rows = max(n_rows, ready)
        if not any(growing):
            return


class _Column:
    """One text of several: the lines that are complete, and whether there will be more."""

    def __init__(self, text: Iterable[str], width: int) -> None:
        self.lines: list[str] = []
        self.ended = False
        self._pieces, self._breaker, self._line = iter(text), LineBreaker(width), ""

    def grow(self) -> bool:
        """Take a piece; returns whether there was one."""
        piece = None if self.ended else next(self._pieces, None)
        if piece is not None:
            *complete, self._line = (self._line + self._breaker.feed(piece)).split("\n")
            self.lines += complete
        elif not self.ended:
            self.lines += (self._line + self._breaker.finish()).split("\n")
            self.ended = True
        return piece is not None


def _columns(character: str) -> int:
    if unicodedata.east_asian_width(character) in "WF":
        return 2
    joins = unicodedata.category(character) in ("Mn", "Me", "Cf") and character != _SOFT_HYPHEN
    return 0 if joins or _FIRST_JOINING_JAMO <= character <= _LAST_JOINING_JAMO else 1

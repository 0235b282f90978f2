"""Names of any language in pictures: written with the fonts there are, never as empty boxes.

A character that matplotlib's own font lacks is drawn by an installed one that has it. What no font
has is written as its code point: "\\u4e2d" for 中.
"""

import functools
from typing import Any

_OWN = "DejaVu Sans"  # the font that matplotlib brings along
_NO_CHARACTER = 0xFFFF  # a font that has even this one is one of boxes for everything


def legible(text: str) -> str:
    r"""The text as it stands in a picture; signs that only turn the others around are written out.

    >>> print(legible("run 1"), legible("\uffff"), legible("\u202eabc"))
    run 1 \uffff \u202eabc
    """
    absent = _coverage(frozenset(text))[1] | {c for c in text if not c.isprintable()} - {"\n"}
    return "".join(c.encode("unicode_escape").decode() if c in absent else c for c in text)


def use_installed_fonts(figure: Any) -> None:
    """Make every text of a figure `legible`; to be called when all of them are there."""
    from matplotlib.text import Text

    texts = figure.findobj(Text)
    families = _coverage(frozenset("".join(text.get_text() for text in texts)))[0]
    for text in texts:
        text.set_text(legible(text.get_text()))
        text.set_fontfamily([*text.get_fontfamily(), *families])


@functools.cache
def _coverage(characters: frozenset[str]) -> tuple[list[str], set[str]]:
    """Families of fonts that have the characters, matplotlib's own first, and what none has."""
    from matplotlib.font_manager import findfont, fontManager
    from matplotlib.ft2font import FT2Font

    own = FT2Font(findfont(_OWN))
    families = [own.family_name]
    absent = {c for c in characters if c != "\n" and not own.get_char_index(ord(c))}
    for entry in sorted(fontManager.ttflist, key=_preference):
        if not absent:
            break
        try:
            font = FT2Font(entry.fname)
        except (OSError, RuntimeError):  # removed since it was found, or of a kind unknown here
            continue
        if not font.scalable or font.get_char_index(_NO_CHARACTER):
            continue
        if found := {c for c in absent if font.get_char_index(ord(c))}:
            families.append(entry.name)
            absent -= found
    return families, absent


def _preference(entry: Any) -> tuple[bool, bool, str]:
    """Fonts by which the same characters look Chinese rather than Japanese first, plain ones."""
    words = entry.name.split()
    return "SC" not in words, "Sans" not in words, entry.name

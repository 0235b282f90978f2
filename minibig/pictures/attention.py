"""The picture of an attention head, as SVG: text that any page can hold, sharp at any size.

It is written from squares and words. So words of any language are drawn with the reader's own
fonts, and no drawing library has to be loaded.
"""

import html
import unicodedata
from collections.abc import Sequence

import numpy as np

from minibig.backend import InputError
from minibig.backend.checks import text
from minibig.pictures.style import INK

_CELL, _GAP, _MARGIN = 20, 8, 4
_LONGEST = 24  # characters of a token
_JOINERS = "\u200c\u200d"  # they make one sign of several, in emoji and in Persian
_LETTER = 7.2  # about the width of a small letter at the size of the labels
_PALE, _DARK = (238, 242, 245), (31, 88, 133)  # a weight of 0, and a weight of 1


def attention_picture(weights: np.ndarray, tokens: Sequence[str]) -> str:
    """The attention of one head as a triangle of squares: rows look, columns are looked at.

    The darker a square, the more its row takes from its column; pointing at it shows the weight.

    Shapes:  weights (T, T), row t a distribution over the tokens up to t.
    Raises:  InputError unless there is one token for each row and column.

    >>> picture = attention_picture(np.eye(2), ["a", "<b>"])
    >>> picture.count("<rect"), "&lt;b&gt; looks at a: 0.00" in picture
    (3, True)
    """
    weights = np.asarray(weights)
    tokens = [text("a token", each, empty=True) for each in tokens]
    T = len(tokens)
    if weights.shape != (T, T) or not T:
        raise InputError(
            f"weights must have shape (T, T) for {T} tokens, at least one; got {weights.shape}."
        )
    tokens = [_visible(token) for token in tokens]
    labels, lengths = [html.escape(token) for token in tokens], [_width(token) for token in tokens]
    left = _MARGIN + _GAP + max(lengths)
    top = _MARGIN + _GAP + max(length - t * _CELL for t, length in enumerate(lengths))
    parts = []
    for t in range(T):
        middle, end = (t + 0.5) * _CELL, t * _CELL - _GAP
        parts.append(_text(left - _GAP, top + middle, labels[t], "end"))
        # Above its own square a column has room for its name; a single character can stand upright.
        upright = {"anchor": "middle"} if len(tokens[t]) == 1 else {"anchor": "start", "turn": -90}
        parts.append(_text(left + middle, top + end, labels[t], **upright))
        for s in range(t + 1):
            weight = float(weights[t, s])
            meaning = f"{labels[t]} looks at {labels[s]}: {weight:.2f}"
            parts.append(_square(left + s * _CELL, top + t * _CELL, _shade(weight), meaning))
    width, height = left + T * _CELL + _MARGIN, top + T * _CELL + _MARGIN
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" font-family="system-ui, sans-serif" font-size="12" fill="{INK}" '
        f'role="img">\n{chr(10).join(parts)}\n</svg>'
    )


def _visible(token: str) -> str:
    """A token as it is written; what cannot be seen, such as a new line, is a dot."""
    cut = token[:_LONGEST] + "…" if len(token) > _LONGEST + 1 else token
    return "".join(c if c.isprintable() or c in _JOINERS else "·" for c in cut)


def _square(x: float, y: float, shade: str, meaning: str) -> str:
    size = _CELL - 2
    return (
        f'<rect x="{x + 1:.0f}" y="{y + 1:.0f}" width="{size}" height="{size}" rx="3" '
        f'fill="{shade}"><title>{meaning}</title></rect>'
    )


def _text(x: float, y: float, label: str, anchor: str, turn: int = 0) -> str:
    turned = f' transform="rotate({turn} {x:.0f} {y:.0f})"' if turn else ""
    return (
        f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}" dominant-baseline="central"'
        f"{turned}>{label}</text>"
    )


def _shade(weight: float) -> str:
    """A colour between pale and dark; small weights are drawn stronger, so that they are seen."""
    share = max(0.0, min(1.0, weight)) ** 0.7  # NaN is 0
    mixed = (round(p + (i - p) * share) for p, i in zip(_PALE, _DARK, strict=True))
    return "#" + "".join(f"{value:02x}" for value in mixed)


def _width(token: str) -> float:
    """About how much room a token takes; characters of China and Japan take that of two."""
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in token)
    return _LETTER * (len(token) + 0.75 * wide)

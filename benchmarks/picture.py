"""The picture of what was measured: minibig's time in multiples of each peer's, as bars.

The dark part of a bar is the limit, such as the matrix products alone; the line at its end goes
from the lowest to the highest ratio. Left of 1 minibig is ahead.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.results import Ratio, Result
from benchmarks.workload import OURS, WITHOUT_NUMBA
from minibig.backend import InputError
from minibig.pictures.style import BLUE, INK, ORANGE, dress, own_defaults, png, save_picture, sheet

_COLORS = {OURS: BLUE, WITHOUT_NUMBA: ORANGE}
_HEIGHT = 0.36  # of a bar; a row is 1


class Bar(NamedTuple):
    """A side that is minibig against a peer."""

    row: str
    side: str
    ratio: Ratio
    limit: float | None


def bars(results: Sequence[Result]) -> list[Bar]:
    """A bar for each peer and each side that is minibig; what has no peer has none."""
    found = []
    for result in results:
        for peer in (name for name in result.sides if name not in _COLORS):
            for side in (name for name in _COLORS if name in result.sides):
                if ratio := result.ratio(peer, side):
                    share = result.share_of_limit(side)
                    found.append(Bar(f"{result.name}\n{peer}", side, ratio, share))
    return found


def draw_results(results: Sequence[Result], path: Path) -> None:
    """Write the picture as PNG.

    Raises:  InputError if no workload has a peer that was measured.
    """
    drawn = bars(results)
    if not drawn:
        raise InputError("the picture compares with others, and none was measured.")
    rows = list(dict.fromkeys(bar.row for bar in drawn))
    with own_defaults():
        figure, [axes] = sheet(1, (8.0, 1.6 + 0.55 * len(rows)))
        for bar in drawn:
            alone = sum(other.row == bar.row for other in drawn) == 1
            _draw(axes, bar, rows.index(bar.row), alone)
        dress(axes, "Time of minibig, the other's = 1", "below 1 minibig is ahead", "")
        axes.axvline(1.0, color=INK, linewidth=1.2)
        axes.set_yticks(range(len(rows)), rows, fontsize=9)
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.set_xlim(0, 1.15 * max(1.0, *(bar.ratio.highest for bar in drawn)))
        axes.grid(visible=False, axis="y")
        for side in dict.fromkeys(bar.side for bar in drawn):
            axes.barh(0, 0, color=_COLORS[side], alpha=0.55, label=side)
        if any(bar.limit for bar in drawn):
            axes.barh(0, 0, color=BLUE, label="dark: the limit")
        style = {"frameon": False, "labelcolor": INK, "fontsize": 9, "ncols": 3}
        figure.legend(loc="outside lower center", **style)
        picture = png(figure)
    save_picture(picture, path)


def _draw(axes: Any, bar: Bar, row: int, alone: bool) -> None:
    place = row + _HEIGHT * (0 if alone else -0.5 if bar.side == OURS else 0.5)
    color, height = _COLORS[bar.side], 0.9 * _HEIGHT
    axes.barh(place, bar.ratio.median, height, color=color, alpha=0.55)
    if bar.limit:
        axes.barh(place, bar.limit * bar.ratio.median, height, color=color)
    axes.plot([bar.ratio.lowest, bar.ratio.highest], [place, place], color=INK, linewidth=1)
    style = {"va": "center", "fontsize": 8, "color": INK}
    axes.annotate(
        f"{bar.ratio.median:.2f}",
        (bar.ratio.highest, place),
        xytext=(4, 0),
        textcoords="offset points",
        **style,
    )

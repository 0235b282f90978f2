"""How pictures look: one palette, one kind of sheet, and matplotlib as it comes.

Drawn through matplotlib's objects and not through pyplot, whose figures are global: a picture can
be drawn in any thread, and no window opens. A `matplotlibrc` of the current folder or of the user
has no say, so a picture looks the same everywhere, and no LaTeX is called.
"""

import io
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from minibig.backend.checks import shown
from minibig.files import make_folder, new_file
from minibig.pictures.fonts import use_installed_fonts
from minibig.text_layout import shortened

INK, FAINT, GRID = "#26323a", "#8a98a3", "#e6eaed"  # text, marks, and lines behind the curves
COLORS = ("#2f6f9f", "#d1603d", "#5b8c5a", "#8c5a9f", "#c9a227", "#3aa6a6", "#b5476b", "#7a6a58")
BLUE, ORANGE, GREEN = COLORS[:3]
STROKES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1, 1.5)))  # when the colors are used up
SIZE = (8.0, 4.5)  # inches of 150 pixels

_SHORT = 6  # characters that always have room
_TITLE = 60  # columns of a title, as many as its sheet holds

# Where windows open and files are looked for: not a matter of how a picture looks.
_SURROUNDINGS = ("backend", "backend_fallback", "interactive", "savefig.directory", "toolbar")
_lock = threading.RLock()  # matplotlib's settings belong to the whole process


@contextmanager
def own_defaults() -> Iterator[None]:
    """Within it matplotlib has the settings that it comes with; then those from before.

    >>> import matplotlib
    >>> with own_defaults():
    ...     matplotlib.rcParams["text.usetex"]
    False
    """
    import matplotlib

    defaults = matplotlib.rcParamsDefault
    settings = {name: defaults[name] for name in defaults if name not in _SURROUNDINGS}
    with _lock, matplotlib.rc_context(settings):
        yield


def reason_not_drawn(draw: Callable[[], Any]) -> str:
    """Call `draw`; the empty text if that worked, else why not, so that a run can go on.

    >>> reason_not_drawn(lambda: None), reason_not_drawn(lambda: 1 / 0)
    ('', 'ZeroDivisionError: division by zero')
    """
    try:
        draw()
    except Exception as error:
        sentence = " ".join(str(error).split())
        cut = sentence if len(sentence) <= 300 else shown(sentence)
        return f"{type(error).__name__}: {cut}" if cut else type(error).__name__
    return ""


def empty_figure(width: float, height: float, dpi: int, layout: Any = None) -> Any:
    """A white figure that is drawn to memory; its size is in inches."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=dpi, facecolor="white", layout=layout)
    FigureCanvasAgg(figure)
    return figure


def sheet(n: int, size: tuple[float, float] = SIZE) -> tuple[Any, list[Any]]:
    """An empty figure and its `n` axes side by side; `size` is that of one, in inches."""
    figure = empty_figure(size[0] * n, size[1], 150, layout="constrained")
    return figure, [figure.add_subplot(1, n, place) for place in range(1, n + 1)]


def dress(axes: Any, title: str, x: str, y: str) -> None:
    """Labels, a quiet grid, and nothing that is not needed."""
    style = {"color": INK, "fontsize": 13, "fontweight": "bold", "parse_math": False}
    axes.set_title(shortened(title, _TITLE), loc="left", pad=12, **style)
    axes.set_xlabel(x, color=INK)
    axes.set_ylabel(y, color=INK)
    axes.grid(color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.margins(x=0.02)
    axes.tick_params(colors=FAINT, labelcolor=INK, length=0)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(FAINT)


def png(figure: Any) -> bytes:
    """The bytes of a figure as PNG, with every text legible and none larger than its sheet."""
    use_installed_fonts(figure)
    _cut_large_texts(figure)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def _cut_large_texts(figure: Any) -> None:
    """Shorten texts that would leave no room for the curves: what a letter takes its font decides.

    A letter may be as wide as a word, and a hundred accents may stand on one.
    """
    from matplotlib.text import Text

    widest, highest = figure.bbox.width / max(1, len(figure.axes)), figure.bbox.height / 3
    for text in figure.findobj(Text):
        while len(text.get_text()) > _SHORT:
            extent = text.get_window_extent()
            if extent.width <= widest and extent.height <= highest:
                break
            text.set_text(text.get_text()[: len(text.get_text()) * 3 // 4] + "…")


def save_picture(picture: bytes, path: Path) -> None:
    """Write the bytes of a picture to a file, whose folder is made if need be."""
    make_folder(path.parent)
    with new_file(path) as file:
        file.write(picture)

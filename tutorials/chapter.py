"""What every chapter uses: the quick mode, a clock and a balance, the cost box, pictures, bands.

    from chapter import QUICK, cost, kept_bytes, picture, seconds, within

`python tutorials/05_perceptron.py --quick` runs a chapter with less of everything, for a first
look and for continuous integration. Pictures go to `runs/tutorials/`; in a notebook they are shown
as well. Nothing here is needed to understand a chapter.
"""

import gc
import io
import os
import statistics
import sys
import textwrap
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from minibig.pictures import style
from minibig.pictures.style import FAINT, GRID, INK

QUICK = "--quick" in sys.argv
IN_CI = os.environ.get("CI", "").lower() in ("1", "true")
PICTURES = Path(__file__).resolve().parent.parent / "runs" / "tutorials"

BLUE, RED, GREEN, SAND = style.BLUE, style.ORANGE, style.GREEN, style.COLORS[4]


def check_arguments(arguments: list[str]) -> None:
    """Refuse what a chapter that is run as a script does not know, such as --quik."""
    for each in arguments:
        if each != "--quick":
            raise SystemExit(f"a chapter knows --quick and nothing else; got {each}.")


def accept_any_text() -> None:
    """From here on a terminal that has no Chinese shows question marks instead of failing."""
    for output in (sys.stdout, sys.stderr):
        if isinstance(output, io.TextIOWrapper):
            output.reconfigure(errors="replace")


accept_any_text()
if Path(sys.argv[0]).resolve().parent == Path(__file__).resolve().parent and (
    Path(sys.argv[0]).name[:2].isdigit()
):
    check_arguments(sys.argv[1:])


def seconds(f: Callable[[], Any], repeats: int = 5) -> float:
    """The median time of one call of f, after one call that is not counted."""
    f()
    times = []
    for _ in range(2 if QUICK else repeats):
        began = time.perf_counter()
        f()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def kept_bytes(f: Callable[[], Any]) -> int:
    """How much more memory is in use while the result of f is held: what a forward pass keeps."""
    return _memory(f)[0]


def peak_bytes(f: Callable[[], Any]) -> int:
    """The most memory that was in use while f ran, beyond what was there before."""
    return _memory(f)[1]


def _memory(f: Callable[[], Any]) -> tuple[int, int]:
    """(kept, peak) in bytes; Python's own books, in which NumPy enters its arrays, too."""
    f()  # what is made once and kept for good is not counted
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        result = f()
        now, peak = tracemalloc.get_traced_memory()
        del result
    finally:
        tracemalloc.stop()
    return max(0, now - before), max(0, peak - before)


def expect(holds: Any, claim: str) -> None:
    """Say so where a claim of the text does not hold.

    Who changed a number reads a note and goes on; in continuous integration (CI=true) it is an
    error, so that the text stays true.
    """
    if not holds and IN_CI:
        raise AssertionError(f"the text says: {claim}")
    if not holds:
        print(f"note: with these numbers it is not so that {claim}")


def within(name: str, value: float, low: float, high: float) -> None:
    """Print a trained number with the band in which the text expects it."""
    print(f"{name}: {value:.3f}   (band {low:g} to {high:g})")
    expect(low <= value <= high, f"{name} lies between {low:g} and {high:g}; it is {value:g}")


def readable(amount: float, unit: str = "") -> str:
    """A number with three digits and a prefix: 12 300 000 B is 12.3 MB.

    >>> readable(12_300_000, "B"), readable(0.00042, "s"), readable(7)
    ('12.3 MB', '420 µs', '7')
    """
    prefixes = [(1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1, "")]
    if unit == "s":
        prefixes = [(1, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n")]
    size, prefix = next((p for p in prefixes if abs(amount) >= p[0] * 0.9995), prefixes[-1])
    return f"{amount / size:.3g} {prefix}{unit}".strip()


def cost(title: str, /, *, ten_times: str, **rows: str) -> None:
    """Print the box "what it costs": a row for each keyword, and what breaks at ten times the size.

    Spaces in the name of a row are written as underscores.
    """
    lines = [(name.replace("_", " "), text) for name, text in rows.items()]
    lines.append(("at ten times", ten_times))
    wide = max(len(name) for name, _ in lines)
    print(f"\n┌─ what it costs: {title} " + "─" * max(2, 61 - len(title)))
    for name, text in lines:
        for i, part in enumerate(textwrap.wrap(text, 76 - wide) or [""]):
            print(f"│ {name if i == 0 else '':{wide}}  {part}")
    print("└" + "─" * 79 + "\n")


@contextmanager
def picture(name: str, panels: int = 1, width: float = 4.6, height: float = 3.6) -> Iterator[Any]:
    """Panels to draw in, saved as runs/tutorials/NAME.png and shown in a notebook.

    Gives the one panel, or a list of them.
    """
    size = (width * panels + 1.4 * (panels == 1), height)
    path = PICTURES / f"{name}.png"
    with style.own_defaults():
        figure = style.empty_figure(*size, 130, layout="constrained")
        axes = figure.subplots(1, panels, squeeze=False)[0]
        for each in axes:
            _dress(each)
        yield axes[0] if panels == 1 else list(axes)
        for each in axes:
            each.title.set(color=INK, fontsize=11, fontweight="bold")
            if each.get_legend_handles_labels()[0]:
                each.legend(frameon=False, labelcolor=INK, fontsize=8.5)
        style.save_picture(style.png(figure), path)
    print(f"picture: runs/tutorials/{path.name}")
    _show(path)


def _dress(axes: Any) -> None:
    """A quiet grid, and nothing that is not needed."""
    axes.grid(color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(which="both", colors=FAINT, labelcolor=INK, length=0, labelsize=8.5)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(FAINT)
    axes.xaxis.label.set_color(INK)
    axes.yaxis.label.set_color(INK)


def _show(path: Path) -> None:
    """In a notebook, below the cell."""
    ipython = sys.modules.get("IPython")
    if ipython is not None and ipython.get_ipython() is not None:
        ipython.display.display(ipython.display.Image(filename=str(path)))

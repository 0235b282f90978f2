"""The picture of a run, of several phases side by side, or of several runs: losses over steps.

Drawn through matplotlib's objects and not through pyplot, whose figures are global: a picture can
be drawn in any thread, and no window opens.
"""

import io
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from minibig.backend import InputError
from minibig.files.durable import make_folder, new_file
from minibig.training.fonts import use_installed_fonts
from minibig.training.metrics import Metrics

_INK, _FAINT, _GRID = "#26323a", "#8a98a3", "#e6eaed"
_MANY = 50  # from here on points would run into each other
_TRAINING, _VALIDATION, _FLOOR = "#2f6f9f", "#d1603d", "#5b8c5a"
_RUNS = ("#2f6f9f", "#d1603d", "#5b8c5a", "#8c5a9f", "#c9a227", "#3aa6a6", "#b5476b", "#7a6a58")
_STROKES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1, 1.5)))  # when the colors are used up
_SIZE = (8.0, 4.5)  # inches of 150 pixels


@dataclass(frozen=True)
class Phase:
    """What is drawn of a run: its metrics, its name, and a loss that no model can go below.

    Such a floor is the entropy of the source of the text.
    """

    metrics: Metrics
    title: str = "Learning"
    floor: float | None = None


def draw_losses(
    metrics: Metrics,
    path: str | os.PathLike[str],
    floor: float | None = None,
    *,
    title: str = "Learning",
) -> None:
    """Write a PNG: the training loss of each step (faint) and smoothed, validation losses, a floor.

    Raises:  InputError if no step was made yet, StorageError if the file cannot be written.
    """
    draw_phases([Phase(metrics, title, floor)], path)


def draw_phases(phases: Sequence[Phase], path: str | os.PathLike[str]) -> None:
    """Write a PNG of several phases side by side, each as `draw_losses` draws it."""
    _save(picture_of(phases), Path(path))


def picture_of(phases: Sequence[Phase], size: tuple[float, float] = _SIZE) -> bytes:
    """The bytes of that PNG; `size` is that of one phase, in inches of 150 pixels.

    Raises:  InputError if no step was made yet.
    """
    figure, sheets = _sheet(len(phases), size)
    for axes, phase in zip(sheets, phases, strict=True):
        _draw_phase(axes, phase)
    return _png(figure)


def draw_runs(
    runs: Mapping[str, Metrics], path: str | os.PathLike[str], *, title: str = "Learning, compared"
) -> None:
    """Write a PNG of several runs by their names: smoothed training losses, validation losses.

    A run has one color, thin for the training loss and with points for the validation loss.

    Raises:  InputError if a run has no step yet, StorageError if the file cannot be written.
    """
    series = {name: _losses(metrics) for name, metrics in runs.items()}
    figure, [axes] = _sheet(1, _SIZE)
    for number, (name, metrics) in enumerate(runs.items()):
        color = _RUNS[number % len(_RUNS)]
        stroke = _STROKES[number // len(_RUNS) % len(_STROKES)]
        steps, losses = smoothed_losses(*series[name])
        axes.plot(steps, losses, color=color, linestyle=stroke, linewidth=1.2, alpha=0.5)
        looked, validation = _series(metrics.read(), "validation_loss")
        marker = "o" if len(looked) <= _MANY else ""
        dots = {"marker": marker, "markersize": 5, "markeredgecolor": "white"}
        axes.plot(looked, validation, color=color, linestyle=stroke, linewidth=1.8, **dots)
        axes.plot([], [], color=color, linestyle=stroke, linewidth=3, label=_label(name))
    _dress(axes, title)
    axes.plot([], [], color=_FAINT, linewidth=1.2, alpha=0.5, label="thin: training")
    axes.plot([], [], color=_FAINT, linewidth=1.8, marker="o", label="points: validation")
    axes.legend(frameon=False, labelcolor=_INK, loc="upper right", fontsize=9)
    _save(_png(figure), Path(path))


def smoothed_losses(steps: np.ndarray, losses: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean of a window around each step; where the curve is steep, at the start, it is small.

    At the end the window loses its later half only: the last value is a mean as well.
    """
    half = max(1, len(losses) // 60)
    i = np.arange(len(losses))
    first = i - np.minimum(half, i)
    last = np.minimum(i + np.minimum(half, i), len(losses) - 1)
    sums = np.concatenate([[0.0], np.cumsum(losses)])
    return steps, (sums[last + 1] - sums[first]) / (last + 1 - first)


def _losses(metrics: Metrics) -> tuple[np.ndarray, np.ndarray]:
    """The training losses of a run that has some."""
    steps, losses = _series(metrics.read(), "loss")
    if not len(steps):
        raise InputError(f"{metrics.path} has no losses to draw yet. Train at least one step.")
    return steps, losses


def _sheet(n: int, size: tuple[float, float]) -> tuple[Any, list[Any]]:
    """An empty figure and its `n` axes side by side."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(
        figsize=(size[0] * n, size[1]), dpi=150, facecolor="white", layout="constrained"
    )
    FigureCanvasAgg(figure)
    return figure, [figure.add_subplot(1, n, place) for place in range(1, n + 1)]


def _png(figure: Any) -> bytes:
    use_installed_fonts(figure)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def _save(picture: bytes, path: Path) -> None:
    make_folder(path.parent)
    with new_file(path) as file:
        file.write(picture)


def _label(name: str) -> str:
    """A name as matplotlib writes it: no formula, and not left out for a "_" at its beginning."""
    return " " + name.replace("$", r"\$")


def _draw_phase(axes: Any, phase: Phase) -> None:
    steps, losses = _losses(phase.metrics)
    steps, smooth = smoothed_losses(steps, losses)
    axes.plot(steps, losses, color=_TRAINING, alpha=0.22, linewidth=0.8)
    axes.plot(steps, smooth, color=_TRAINING, linewidth=2, label="training")
    _draw_validation(axes, *_series(phase.metrics.read(), "validation_loss"))
    floor = phase.floor
    if floor is not None:
        label = f"entropy floor, {floor:.3f}"
        axes.axhline(floor, color=_FLOOR, linewidth=1.4, linestyle=(0, (5, 3)), label=label)
    _scale(axes, smooth if floor is None else np.append(smooth, floor))
    _dress(axes, phase.title)
    axes.legend(frameon=False, labelcolor=_INK, loc="upper right")


def _scale(axes: Any, values: np.ndarray) -> None:
    """A scale of ratios for a loss that falls below a tenth: so its last steps are seen as well."""
    from matplotlib.ticker import LogLocator, NullLocator

    lowest, highest = float(values.min()), float(values.max())
    if not 0 < lowest < highest / 10:
        return
    axes.set_yscale("log")
    between = (1, 1.5, 2, 3, 5, 7) if lowest > highest / 100 else (1,)
    axes.yaxis.set_major_locator(LogLocator(subs=between))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_locator(NullLocator())


def _draw_validation(axes: Any, steps: np.ndarray, losses: np.ndarray) -> None:
    """Points joined by a thin line, the lowest one with its value."""
    if not len(steps):
        return
    axes.plot(
        steps,
        losses,
        color=_VALIDATION,
        linewidth=1.2,
        marker="o" if len(steps) <= _MANY else "",
        markersize=5,
        markeredgecolor="white",
        markeredgewidth=0.8,
        label="validation",
        zorder=3,
    )
    best = int(losses.argmin())
    axes.annotate(
        f"{losses[best]:.3f}",
        (steps[best], losses[best]),
        xytext=(0, 9),
        textcoords="offset points",
        ha="center",
        color=_VALIDATION,
        fontsize=9,
    )


def _dress(axes: Any, title: str) -> None:
    """Labels, a quiet grid, and nothing that is not needed."""
    style = {"color": _INK, "fontsize": 13, "fontweight": "bold", "parse_math": False}
    axes.set_title(title, loc="left", pad=12, **style)
    axes.set_xlabel("step", color=_INK)
    axes.set_ylabel("loss (nats per token)", color=_INK)
    axes.grid(color=_GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.margins(x=0.02)
    axes.tick_params(colors=_FAINT, labelcolor=_INK, length=0)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(_FAINT)


def _series(lines: list[dict[str, Any]], name: str) -> tuple[np.ndarray, np.ndarray]:
    """The steps at which something was measured, and what was measured."""
    found = [(line["step"], line[name]) for line in lines if name in line]
    pairs = np.array(found, dtype=float).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]

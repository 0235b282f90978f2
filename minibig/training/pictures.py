"""The picture of a run, or of several: losses over steps.

Drawn through matplotlib's objects and not through pyplot, whose figures are global: a picture can
be drawn in any thread, and no window opens.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from minibig.backend import InputError
from minibig.storage.durable_files import make_folder, new_file
from minibig.training.metrics import Metrics

_INK, _FAINT, _GRID = "#26323a", "#8a98a3", "#e6eaed"
_MANY = 50  # from here on points would run into each other
_TRAINING, _VALIDATION, _FLOOR = "#2f6f9f", "#d1603d", "#5b8c5a"
_RUNS = ("#2f6f9f", "#d1603d", "#5b8c5a", "#8c5a9f", "#c9a227", "#3aa6a6", "#b5476b", "#7a6a58")
_STROKES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1, 1.5)))  # when the colors are used up


def draw_losses(
    metrics: Metrics,
    path: str | os.PathLike[str],
    floor: float | None = None,
    *,
    title: str = "Learning",
) -> None:
    """Write a PNG: the training loss of each step (faint) and smoothed, validation losses, a floor.

    `floor` is a loss that no model can go below, such as the entropy of the source of the text.

    Raises:  InputError if no step was made yet, StorageError if the file cannot be written.
    """
    steps, losses = _losses(metrics)
    figure, axes = _sheet()
    axes.plot(steps, losses, color=_TRAINING, alpha=0.22, linewidth=0.8)
    axes.plot(*smoothed_losses(steps, losses), color=_TRAINING, linewidth=2, label="training")
    _draw_validation(axes, *_series(metrics.read(), "validation_loss"))
    if floor is not None:
        label = f"entropy floor, {floor:.3f}"
        axes.axhline(floor, color=_FLOOR, linewidth=1.4, linestyle=(0, (5, 3)), label=label)
    _dress(axes, title)
    axes.legend(frameon=False, labelcolor=_INK, loc="upper right")
    _save(figure, Path(path))


def draw_runs(
    runs: Mapping[str, Metrics], path: str | os.PathLike[str], *, title: str = "Learning, compared"
) -> None:
    """Write a PNG of several runs by their names: smoothed training losses, validation losses.

    A run has one color, thin for the training loss and with points for the validation loss.

    Raises:  InputError if a run has no step yet, StorageError if the file cannot be written.
    """
    series = {name: _losses(metrics) for name, metrics in runs.items()}
    figure, axes = _sheet()
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
    _save(figure, Path(path))


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


def _sheet() -> tuple[Any, Any]:
    """An empty figure and its axes; the one place that imports matplotlib."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.5), dpi=150, facecolor="white", layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.add_subplot()


def _label(name: str) -> str:
    """A name as matplotlib writes it: no formula, and not left out for a "_" at its beginning."""
    return " " + name.replace("$", r"\$")


def _save(figure: Any, path: Path) -> None:
    make_folder(path.parent)
    with new_file(path) as file:
        figure.savefig(file, format="png")


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
    axes.set_title(title, loc="left", color=_INK, fontsize=13, fontweight="bold", pad=12)
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

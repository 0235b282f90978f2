"""The picture of a run: its losses over its steps, and of several phases side by side.

Drawn through matplotlib's objects and not through pyplot, whose figures are global: a picture can
be drawn in any thread, and no window opens.
"""

import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from minibig.backend import InputError
from minibig.storage.durable_files import make_folder, new_file
from minibig.training.metrics import Metrics

_INK, _FAINT, _GRID = "#26323a", "#8a98a3", "#e6eaed"
_MANY = 50  # from here on points would run into each other
_TRAINING, _VALIDATION, _FLOOR = "#2f6f9f", "#d1603d", "#5b8c5a"


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
    picture = picture_of(phases)
    make_folder(Path(path).parent)
    with new_file(Path(path)) as file:
        file.write(picture)


def picture_of(phases: Sequence[Phase], size: tuple[float, float] = (8, 4.5)) -> bytes:
    """The bytes of that PNG; `size` is that of one phase, in inches of 150 pixels.

    Raises:  InputError if no step was made yet.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(
        figsize=(size[0] * len(phases), size[1]), dpi=150, facecolor="white", layout="constrained"
    )
    FigureCanvasAgg(figure)
    for place, phase in enumerate(phases, 1):
        _draw_phase(figure.add_subplot(1, len(phases), place), phase)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def _draw_phase(axes: Any, phase: Phase) -> None:
    lines = phase.metrics.read()
    steps, losses = _series(lines, "loss")
    if not len(steps):
        raise InputError(
            f"{phase.metrics.path} has no losses to draw yet. Train at least one step."
        )
    steps, smooth = _smoothed(steps, losses)
    axes.plot(steps, losses, color=_TRAINING, alpha=0.22, linewidth=0.8)
    axes.plot(steps, smooth, color=_TRAINING, linewidth=2, label="training")
    _draw_validation(axes, *_series(lines, "validation_loss"))
    floor = phase.floor
    if floor is not None:
        label = f"entropy floor, {floor:.3f}"
        axes.axhline(floor, color=_FLOOR, linewidth=1.4, linestyle=(0, (5, 3)), label=label)
    _scale(axes, smooth if floor is None else np.append(smooth, floor))
    _dress(axes, phase.title)


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
    axes.legend(frameon=False, labelcolor=_INK, loc="upper right")


def _series(lines: list[dict[str, Any]], name: str) -> tuple[np.ndarray, np.ndarray]:
    """The steps at which something was measured, and what was measured."""
    found = [(line["step"], line[name]) for line in lines if name in line]
    pairs = np.array(found, dtype=float).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def _smoothed(steps: np.ndarray, losses: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean of a window around each step; where the curve is steep, at the start, it is small.

    At the end the window loses its later half only: the last value is a mean as well.
    """
    half = max(1, len(losses) // 60)
    i = np.arange(len(losses))
    first = i - np.minimum(half, i)
    last = np.minimum(i + np.minimum(half, i), len(losses) - 1)
    sums = np.concatenate([[0.0], np.cumsum(losses)])
    return steps, (sums[last + 1] - sums[first]) / (last + 1 - first)

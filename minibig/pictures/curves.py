"""The picture of a run, of several phases side by side, or of several runs: losses over steps."""

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from minibig.backend import InputError, checks
from minibig.pictures.style import (
    BLUE,
    COLORS,
    FAINT,
    GREEN,
    INK,
    ORANGE,
    SIZE,
    STROKES,
    dress,
    own_defaults,
    png,
    save_picture,
    sheet,
)
from minibig.text_layout import shortened

_MANY = 50  # from here on points would run into each other
_LONGEST = 40  # columns of the name of a run
_ROWS = 10  # of a legend, before it gets another column


class Log(Protocol):
    """What is drawn of a run: lines with a step and a loss or a validation_loss, from a file.

    `minibig.training.Metrics` is one.
    """

    path: Path

    def read(self) -> list[dict[str, Any]]:
        """All lines."""
        ...


@dataclass(frozen=True)
class Phase:
    """What is drawn of a run: its metrics, its title, and a loss that no model can go below.

    Such a floor is the entropy of the source of the text.
    """

    metrics: Log
    title: str = "Learning"
    floor: float | None = None


def draw_losses(
    metrics: Log,
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
    save_picture(picture_of(phases), checks.path("path", path))


def picture_of(phases: Sequence[Phase], size: tuple[float, float] = SIZE) -> bytes:
    """The bytes of that PNG; `size` is that of one phase, in inches of 150 pixels.

    Raises:  InputError if no step was made yet.
    """
    if not phases:
        raise InputError("a picture needs at least one phase of learning; got none.")
    with own_defaults():
        figure, sheets = sheet(len(phases), size)
        for axes, phase in zip(sheets, phases, strict=True):
            _draw_phase(axes, phase)
        return png(figure)


def draw_runs(
    runs: Mapping[str, Log], path: str | os.PathLike[str], *, title: str = "Learning, compared"
) -> None:
    """Write a PNG of several runs by their names: smoothed training losses, validation losses.

    A run has one color, thin for the training loss and with points for the validation loss.

    Raises:  InputError if a run has no step yet, StorageError if the file cannot be written.
    """
    if not runs:
        raise InputError("a picture needs at least one run; got none.")
    training = {name: _losses(metrics) for name, metrics in runs.items()}
    with own_defaults():
        figure, [axes] = sheet(1)
        for number, (name, metrics) in enumerate(runs.items()):
            stroke = STROKES[number // len(COLORS) % len(STROKES)]
            style = {"color": COLORS[number % len(COLORS)], "linestyle": stroke}
            alone = {"marker": "."} if len(training[name][0]) == 1 else {}
            smooth = smoothed_losses(*training[name])
            axes.plot(*smooth, linewidth=1.2, alpha=0.5, **alone, **style)
            steps, validation = _series(metrics.read(), "validation_loss")
            marker = {"marker": "o", "markeredgecolor": "white"} if len(steps) <= _MANY else {}
            axes.plot(steps, validation, linewidth=1.8, markersize=5, **marker, **style)
            axes.plot([], [], linewidth=3, label=_label(name), **style)
        dress(axes, title, "step", "loss (nats per token)")
        axes.plot([], [], color=FAINT, linewidth=1.2, alpha=0.5, label=_label("thin: training"))
        axes.plot(
            [], [], color=FAINT, linewidth=1.8, marker="o", label=_label("points: validation")
        )
        columns = 1 + (len(runs) + 1) // _ROWS
        size = 9 if columns == 1 else max(5, 9 - columns)
        style = {"frameon": False, "labelcolor": INK, "loc": "upper right", "fontsize": size}
        axes.legend(ncols=columns, **style).set_in_layout(False)
        picture = png(figure)
    save_picture(picture, checks.path("path", path))


def smoothed_losses(steps: np.ndarray, losses: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean of a window around each step; where the curve is steep, at the start, it is small.

    At the end the window loses its later half only: the last value is a mean as well. What is not
    finite counts for nothing; where nothing else is in the window, the curve has a gap.

    >>> smoothed_losses(np.arange(4), np.array([3.0, np.nan, 1.0, np.inf]))[1].tolist()
    [3.0, 2.0, 1.0, 1.0]
    """
    half = max(1, len(losses) // 60)
    i = np.arange(len(losses))
    first = i - np.minimum(half, i)
    last = np.minimum(i + np.minimum(half, i), len(losses) - 1)
    finite = np.isfinite(losses)
    sums = np.concatenate([[0.0], np.cumsum(np.where(finite, losses, 0.0))])
    counts = np.concatenate([[0], np.cumsum(finite)])
    counts = counts[last + 1] - counts[first]
    means = (sums[last + 1] - sums[first]) / np.maximum(counts, 1)
    return steps, np.where(counts > 0, means, np.nan)


def _losses(metrics: Log) -> tuple[np.ndarray, np.ndarray]:
    """The training losses of a run that has some."""
    steps, losses = _series(metrics.read(), "loss")
    if not len(steps):
        raise InputError(f"{metrics.path} has no losses to draw yet. Train at least one step.")
    return steps, losses


def _label(name: str) -> str:
    """A name as matplotlib writes it: one line, no formula, and not left out for a "_"."""
    return " " + shortened(name, _LONGEST).replace("$", r"\$")


def _draw_phase(axes: Any, phase: Phase) -> None:
    steps, losses = _losses(phase.metrics)
    steps, smooth = smoothed_losses(steps, losses)
    axes.plot(steps, losses, color=BLUE, alpha=0.22, linewidth=0.8)
    alone = {"marker": "o"} if len(steps) == 1 else {}  # a single point is no line
    axes.plot(steps, smooth, color=BLUE, linewidth=2, label="training", **alone)
    _draw_validation(axes, *_series(phase.metrics.read(), "validation_loss"))
    floor = phase.floor
    if floor is not None:
        label = f"entropy floor, {floor:.3f}"
        axes.axhline(floor, color=GREEN, linewidth=1.4, linestyle=(0, (5, 3)), label=label)
    _scale(axes, smooth if floor is None else np.append(smooth, floor))
    dress(axes, phase.title, "step", "loss (nats per token)")
    axes.legend(frameon=False, labelcolor=INK, loc="upper right")


def _scale(axes: Any, values: np.ndarray) -> None:
    """A scale of ratios for a loss that falls below a tenth: so its last steps are seen as well."""
    from matplotlib.ticker import LogLocator, NullLocator

    values = values[np.isfinite(values)]
    lowest, highest = float(values.min(initial=math.inf)), float(values.max(initial=0))
    if not 0 < lowest < highest / 10:
        return
    axes.set_yscale("log")
    between = (1, 1.5, 2, 3, 5, 7) if lowest > highest / 100 else (1,)
    axes.yaxis.set_major_locator(LogLocator(subs=between))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_locator(NullLocator())


def _draw_validation(axes: Any, steps: np.ndarray, losses: np.ndarray) -> None:
    """Points joined by a thin line, the lowest one with its value."""
    steps, losses = steps[np.isfinite(losses)], losses[np.isfinite(losses)]
    if not len(steps):
        return
    axes.plot(
        steps,
        losses,
        color=ORANGE,
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
        color=ORANGE,
        fontsize=9,
    )


def _series(lines: list[dict[str, Any]], name: str) -> tuple[np.ndarray, np.ndarray]:
    """The steps at which something was measured, and what was measured."""
    found = [(line["step"], line[name]) for line in lines if name in line]
    pairs = np.array(found, dtype=float).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]

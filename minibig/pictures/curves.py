"""The picture of a run, of several phases side by side, or of several runs: losses over steps."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from minibig.backend import InputError
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

_MANY = 50  # from here on points would run into each other


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
    save_picture(picture_of(phases), Path(path))


def picture_of(phases: Sequence[Phase], size: tuple[float, float] = SIZE) -> bytes:
    """The bytes of that PNG; `size` is that of one phase, in inches of 150 pixels.

    Raises:  InputError if no step was made yet.
    """
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
    training = {name: _losses(metrics) for name, metrics in runs.items()}
    with own_defaults():
        figure, [axes] = sheet(1)
        for number, (name, metrics) in enumerate(runs.items()):
            stroke = STROKES[number // len(COLORS) % len(STROKES)]
            style = {"color": COLORS[number % len(COLORS)], "linestyle": stroke}
            axes.plot(*smoothed_losses(*training[name]), linewidth=1.2, alpha=0.5, **style)
            steps, validation = _series(metrics.read(), "validation_loss")
            marker = {"marker": "o", "markeredgecolor": "white"} if len(steps) <= _MANY else {}
            axes.plot(steps, validation, linewidth=1.8, markersize=5, **marker, **style)
            axes.plot([], [], linewidth=3, label=_label(name), **style)
        dress(axes, title, "step", "loss (nats per token)")
        axes.plot([], [], color=FAINT, linewidth=1.2, alpha=0.5, label=_label("thin: training"))
        axes.plot(
            [], [], color=FAINT, linewidth=1.8, marker="o", label=_label("points: validation")
        )
        axes.legend(frameon=False, labelcolor=INK, loc="upper right", fontsize=9)
        picture = png(figure)
    save_picture(picture, Path(path))


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


def _losses(metrics: Log) -> tuple[np.ndarray, np.ndarray]:
    """The training losses of a run that has some."""
    steps, losses = _series(metrics.read(), "loss")
    if not len(steps):
        raise InputError(f"{metrics.path} has no losses to draw yet. Train at least one step.")
    return steps, losses


def _label(name: str) -> str:
    """A name as matplotlib writes it: no formula, and not left out for a "_" at its beginning."""
    return " " + name.replace("$", r"\$")


def _draw_phase(axes: Any, phase: Phase) -> None:
    steps, losses = _losses(phase.metrics)
    steps, smooth = smoothed_losses(steps, losses)
    axes.plot(steps, losses, color=BLUE, alpha=0.22, linewidth=0.8)
    axes.plot(steps, smooth, color=BLUE, linewidth=2, label="training")
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

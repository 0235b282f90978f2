"""`minibig plot`: several runs in one picture, and in a table what they reached and differ in."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from minibig.backend import InputError
from minibig.cli.columns import GAP, columns_of, padded, shortened
from minibig.cli.console import say
from minibig.cli.run_folders import is_run, read_record
from minibig.pictures import draw_runs, legible, smoothed_losses
from minibig.training import Metrics

EXAMPLE = "minibig plot runs/a runs/b --out comparison.png"
_WIDEST_CELL = 40  # columns


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    parser.add_argument("folders", nargs="+", metavar="RUN", help="the folder of a run")
    parser.add_argument(
        "--out", default="comparison.png", metavar="FILE", help="the picture (comparison.png)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Draw, and print the table."""
    picture = Path(arguments.out)
    if picture.suffix.lower() != ".png":
        raise InputError(f"the picture is a PNG; got {picture}. Give a name that ends in .png.")
    folders = [Path(folder) for folder in arguments.folders]
    for folder in folders:
        if not is_run(folder):
            raise InputError(f"{folder} holds no run. Give folders that minibig train wrote.")
    names = distinct_names(folders)
    records = [read_record(folder) for folder in folders]
    runs = {n: Metrics(f / "metrics.jsonl") for n, f in zip(names, folders, strict=True)}
    draw_runs(runs, picture)
    head = ["run", "steps", "loss", "validation", "best", "tokens/s", "seconds"]
    rows = [[name, *_reached(metrics)] for name, metrics in runs.items()]
    say(table([head, *rows]))
    if differing := _differing([record["settings"] for record in records]):
        say(f"\nwhat differs:\n{table([['run', *names], *differing])}")
    say(f"\npicture: {picture}")
    for name in names:
        if legible(name) != name:
            say(f"{legible(name)} in it is {name}: no installed font has all of its characters")
    return 0


def distinct_names(folders: Sequence[Path]) -> list[str]:
    """The shortest ends of the paths that tell the folders apart.

    Raises:  InputError if a folder is given twice.

    >>> distinct_names([Path("runs/a"), Path("runs/b")])
    ['a', 'b']
    >>> distinct_names([Path("old/a"), Path("new/a")])
    ['old/a', 'new/a']
    """
    paths = [folder.resolve() for folder in folders]
    twice = next((f for f, p in zip(folders, paths, strict=True) if paths.count(p) > 1), None)
    if twice is not None:
        raise InputError(f"{twice} is given twice; a run is compared with others.")
    for length in range(1, max(len(path.parts) for path in paths) + 1):
        names = ["/".join(path.parts[-length:]) for path in paths]
        if len(set(names)) == len(names):
            break
    return names


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows of cells in columns, the first to the left and the others to the right.

    >>> print(table([["run", "loss"], ["a", "1.25"]]))
    run   loss
    a     1.25
    """
    cells = [[shortened(cell, _WIDEST_CELL) for cell in row] for row in rows]
    widths = [max(map(columns_of, column)) for column in zip(*cells, strict=True)]
    lines = []
    for first, *others in cells:
        right = [
            " " * (width - columns_of(cell)) + cell
            for cell, width in zip(others, widths[1:], strict=True)
        ]
        lines.append(GAP.join([padded(first, widths[0]), *right]))
    return "\n".join(lines)


def _reached(metrics: Metrics) -> list[str]:
    """Steps, losses, speed and time; the loss is smoothed, a single step says little."""
    lines = metrics.read()
    steps = [line for line in lines if "loss" in line]
    validation = [line["validation_loss"] for line in lines if "validation_loss" in line]
    losses = smoothed_losses(*(np.array([line[n] for line in steps]) for n in ("step", "loss")))[1]
    speeds = [line["tokens_per_second"] for line in steps if "tokens_per_second" in line]
    return [
        f"{steps[-1]['step']:,}",
        f"{losses[-1]:.4f}",
        f"{validation[-1]:.4f}" if validation else "-",
        f"{min(validation):.4f}" if validation else "-",
        f"{np.median(speeds):,.0f}" if speeds else "-",
        f"{steps[-1].get('seconds', 0):,.0f}",
    ]


def _differing(settings: Sequence[dict[str, Any]]) -> list[list[str]]:
    """A row for every setting that is not the same in all runs."""
    names = list(dict.fromkeys(name for each in settings for name in each))
    rows = [[name, *(str(each.get(name, "-")) for each in settings)] for name in names]
    return [row for row in rows if len(set(row[1:])) > 1]

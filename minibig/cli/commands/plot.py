"""Several runs in one picture, and in a table what they reached and differ in.

Where the tokenizers differ, a loss per token says little: then the table has bits per byte.
"""

import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from minibig.backend import InputError, Settings, setting
from minibig.cli.columns import GAP, columns_of, padded, shortened
from minibig.cli.console import output_width, say
from minibig.cli.options import argument
from minibig.pictures import draw_runs, legible, smoothed_losses
from minibig.recipes.folder import Record, is_run, read_record, run_settings
from minibig.recipes.text import bytes_per_token, tokens_of
from minibig.training import Metrics

EXAMPLE = "minibig plot runs/a runs/b --out comparison.png"
_WIDEST_CELL = 40  # columns
_NARROWEST_CELL = 8


@dataclass(frozen=True, kw_only=True)
class Options(Settings):
    """What `minibig plot` takes."""

    runs: tuple[Path, ...] = argument("the folder of a run")
    out: Path = setting(Path("comparison.png"), "the picture")


def run(given: dict[str, Any]) -> int:
    """Draw, and print the table."""
    options = Options.of(given)
    picture, folders = options.out, options.runs
    if picture.suffix.lower() != ".png":
        raise InputError(f"the picture is a PNG; got {picture}. Give a name that ends in .png.")
    for folder in folders:
        if not is_run(folder):
            raise InputError(f"{folder} holds no run. Give folders that minibig train wrote.")
    names = distinct_names(folders)
    records = [read_record(folder) for folder in folders]
    runs = {n: Metrics(f / "metrics.jsonl") for n, f in zip(names, folders, strict=True)}
    draw_runs(runs, picture)
    say(table([_HEAD, *([name, *_reached(metrics)] for name, metrics in runs.items())]))
    per_byte = [_bits_per_byte(*each) for each in zip(folders, runs.values(), strict=True)]
    if len({_tokens(folder) for folder in folders}) > 1:
        say("\nTheir tokenizers differ: compare bits per byte, not losses per token.")
        say(
            table(
                [["run", "bits per byte"], *([n, b] for n, b in zip(names, per_byte, strict=True))]
            )
        )
    if differing := _differing(records):
        say(f"\nwhat differs:\n{table([['run', *names], *differing])}")
    say(f"\npicture: {picture}")
    for name in names:
        if legible(name) != name:
            say(f"{legible(name)} in it is {name}: no installed font has all of its characters")
    return 0


_HEAD = ["run", "steps", "loss", "validation", "best", "tokens/s", "seconds"]


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

    A table that is wider than the terminal has its widest cells shortened.

    >>> print(table([["run", "loss"], ["a", "1.25"]]))
    run   loss
    a     1.25
    """
    most = _WIDEST_CELL
    while True:
        cells = [[shortened(cell, most) for cell in row] for row in rows]
        widths = [max(map(columns_of, column)) for column in zip(*cells, strict=True)]
        total = sum(widths) + len(GAP) * (len(widths) - 1)
        if total <= min(output_width(), 79) or most <= _NARROWEST_CELL:
            break
        most -= 1
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


def _tokens(folder: Path) -> bytes:
    """What tells whether two runs cut text in the same way."""
    files = sorted((folder / "tokenizer").glob("*"))
    return b"".join(path.read_bytes() for path in files if path.is_file())


def _bits_per_byte(folder: Path, metrics: Metrics) -> str:
    """The last validation loss; of a quickstart there is none, it predicts answers only."""
    losses = [line["validation_loss"] for line in metrics.read() if "validation_loss" in line]
    with suppress(InputError):
        per_token = bytes_per_token(tokens_of(folder).validation) * math.log(2)
        return f"{losses[-1] / per_token:.4f}" if losses else "-"
    return "-"


def _differing(records: Sequence[Record]) -> list[list[str]]:
    """A row for every setting that is not the same in all runs."""
    settings = [run_settings(record) for record in records]
    names = list(dict.fromkeys(name for each in settings for name in each if name != "out"))
    rows = [[name, *(str(each.get(name, "-")) for each in settings)] for name in names]
    return [row for row in rows if len(set(row[1:])) > 1]

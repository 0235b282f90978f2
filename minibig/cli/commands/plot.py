"""Several runs in one picture, and in a table what they reached and differ in.

Training losses are smoothed. Where tokenizers differ a loss says little: see the bits per byte.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minibig import pictures, recipes
from minibig.backend import InputError
from minibig.cli.console import say, table_width
from minibig.cli.options import argument
from minibig.files import quoted
from minibig.settings import Settings, setting

EXAMPLE = "minibig plot runs/a runs/b --out comparison.png"


@dataclass(frozen=True, kw_only=True)
class Options(Settings):
    """What `minibig plot` takes."""

    runs: tuple[Path, ...] = argument("the folder of a run")
    out: Path = setting(Path("comparison.png"), "the picture")


def run(given: dict[str, Any]) -> int:
    """Draw, and print the tables."""
    options = Options.of(given)
    picture = options.out
    if picture.suffix.lower() != ".png":
        raise InputError(f"the picture is a PNG; got {picture}. Give a name that ends in .png.")
    found = recipes.compared(options.runs)
    pictures.draw_runs(found.runs, picture)
    say(found.tables(table_width()))
    say(f"\npicture: {quoted(picture)}")
    for name in found.runs:
        if (shown := pictures.legible(name)) != name:
            say(f"{shown} in it is {name}: no installed font has all of its characters")
    return 0

"""What a folder or file of minibig holds; `minibig doctor` looks at the machine."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minibig import recipes
from minibig.cli.console import output_width, say
from minibig.cli.options import argument
from minibig.settings import Settings
from minibig.text_layout import labelled

EXAMPLE = "minibig info runs/quickstart"


@dataclass(frozen=True, kw_only=True)
class Options(Settings):
    """What `minibig info` takes."""

    path: Path = argument("a run, a model, a tokenizer, checkpoints or a token file")


def run(given: dict[str, Any]) -> int:
    """Print a table of two columns."""
    rows = list(recipes.contents_of(Options.of(given).path))
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        say(labelled(f"{name:<{width}}", str(value), width, output_width()))
    return 0

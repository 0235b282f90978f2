"""Within four minutes a GPT learns to answer, and to say what it knows.

It reads about a small world that exists nowhere else, in English and Chinese, learns from dialogues
to answer, and is asked what it was told and what it has to work out. The report shows it all. With
--data it learns a text of yours instead, and writes. Run again, it goes on where it stopped.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minibig import recipes
from minibig.backend import InputError
from minibig.cli.console import say
from minibig.files import quoted
from minibig.settings import Settings, setting

EXAMPLE = "minibig quickstart"


@dataclass(frozen=True, kw_only=True)
class Options(Settings):
    """What `minibig quickstart` takes."""

    data: str | None = setting(None, "a text of yours, or stdlib, to write like")
    out: Path = setting(Path("runs/quickstart"), "where the run lives")
    config: Path | None = setting(
        None, "settings to change, as for train; a table `finetuning` has those of the dialogues"
    )
    restart: bool = setting(False, "begin anew; the run in --out goes when the new one has begun")


def run(given: dict[str, Any]) -> int:
    """Train, or go on, and show what the model can do."""
    options = Options.of(given)
    kind = recipes.Quickstart
    chosen = kind.of_text(options.data) if options.data else kind()
    flags = {"out": options.out} if "out" in given else {}
    chosen = recipes.changed_by_file(chosen, options.config, flags)
    if not options.data and chosen.pretraining.data != "world":
        raise InputError(
            f"{options.config}: only the data world has questions with answers; got "
            f"{chosen.pretraining.data}. Give a text of yours with --data."
        )
    if recipes.is_run(chosen.out) and not options.restart:
        say(f"going on with {quoted(chosen.out)} (--restart begins anew)")
    command = ["minibig", *sys.argv[1:]]
    recipes.quickstart(chosen, restart=options.restart, command=command)
    return 0

"""Several runs side by side: what they reached, and in which settings they differ.

Losses per token can be compared between runs with one tokenizer only; bits per byte always.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from minibig.backend import InputError
from minibig.files import command_line, quoted
from minibig.pictures import smoothed_losses
from minibig.recipes.folder import bring_back, is_run, runs_in, where_it_stopped
from minibig.recipes.quickstart_run import run_settings
from minibig.recipes.text import bits_per_byte_of, tokens_of
from minibig.settings import written
from minibig.text_layout import table
from minibig.training import Metrics

HEAD = ["run", "steps", "smoothed", "validation", "best", "tokens/s", "seconds"]


@dataclass(frozen=True)
class Comparison:
    """Runs by the shortest names that tell them apart, and tables about them as rows of texts.

    `reached` has a row for each run below `HEAD`; `per_byte` their bits per byte, if the tokenizers
    differ; `differing` a row for each setting that is not the same in all runs.
    """

    runs: dict[str, Metrics]
    reached: list[list[str]]
    per_byte: list[list[str]]
    differing: list[list[str]]

    def tables(self, width: int) -> str:
        """All of it in lines of at most `width` columns."""
        found = table([HEAD, *self.reached], width)
        if self.per_byte:
            bits = table([["run", "bits per byte"], *self.per_byte], width)
            advice = "Their tokenizers differ: compare bits per byte, not losses per token."
            found += f"\n\n{advice}\n{bits}"
        if self.differing:
            found += f"\n\nwhat differs:\n{table(self.differing, width)}"
        return found


def compared(folders: Sequence[Path]) -> Comparison:
    """Compare the runs in some folders.

    Raises:  InputError if a folder holds no run, or is given twice.
    """
    for folder in folders:
        bring_back(folder)
        _check_begun(folder)
        if not is_run(folder):
            raise InputError(f"{folder} holds no run. Give folders that minibig train wrote.")
    names = distinct_names(folders)
    runs = {n: Metrics(f / "metrics.jsonl") for n, f in zip(names, folders, strict=True)}
    bits = [_bits_per_byte(*each) for each in zip(folders, runs.values(), strict=True)]
    tokenizers_differ = len({_tokenizer_files(folder) for folder in folders}) > 1
    differing = _differing([run_settings(folder) for folder in folders])
    return Comparison(
        runs,
        [[name, *_reached(metrics)] for name, metrics in runs.items()],
        [list(row) for row in zip(names, bits, strict=True)] if tokenizers_differ else [],
        [["run", *names], *differing] if differing else [],
    )


def _check_begun(folder: Path) -> None:
    """Refuse a quickstart that has not come to its fine-tuning, and a folder of runs."""
    stopped = where_it_stopped(folder)
    if stopped and not (folder / "metrics.jsonl").exists():
        raise InputError(
            f"{folder} holds a run of quickstart that stopped in stage {stopped}. Go on with: "
            f"{command_line('minibig', 'quickstart', '--out', folder)}; or give its pre-training: "
            f"{quoted(folder / 'pretraining')}"
        )
    if not is_run(folder) and (runs := runs_in(folder)):
        compare = command_line("minibig", "plot", *runs)
        raise InputError(f"{folder} is a folder of runs. Compare them: {compare}")


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


def _reached(metrics: Metrics) -> list[str]:
    """Steps, losses, speed and time; the loss is smoothed, a single step says little."""
    lines = metrics.read()
    steps = [line for line in lines if "loss" in line]
    if not steps:
        raise InputError(f"{metrics.path} has no losses to compare yet. Train at least one step.")
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


def _tokenizer_files(folder: Path) -> bytes:
    """What tells whether two runs cut text in the same way."""
    files = sorted((folder / "tokenizer").glob("*"))
    return b"".join(path.read_bytes() for path in files if path.is_file())


def _bits_per_byte(folder: Path, metrics: Metrics) -> str:
    """The last validation loss; of a quickstart there is none, it predicts answers only."""
    loss = metrics.latest().get("validation_loss")
    with suppress(InputError):
        if loss is not None:
            return f"{bits_per_byte_of(loss, tokens_of(folder).validation):.4f}"
    return "-"


def _differing(settings: Sequence[dict[str, Any]]) -> list[list[str]]:
    """A row for every setting that is not the same in all runs."""
    names = list(dict.fromkeys(name for each in settings for name in each if name != "out"))
    rows = [[written(name), *(str(each.get(name, "-")) for each in settings)] for name in names]
    return [row for row in rows if len(set(row[1:])) > 1]

"""`minibig quickstart`: a GPT learns from real text and writes, within minutes on two cores.

It is `minibig train` with the preset `quickstart`, in a folder of its own and without questions:
run again, it goes on where it stopped. The text is the documentation in Python's own standard
library, which is on every machine, or a file of yours.
"""

import argparse
from pathlib import Path

from minibig.cli.console import say
from minibig.cli.generate import written
from minibig.cli.presets import preset
from minibig.cli.run_folders import command_line, is_run, remove_run, tokenizer_of
from minibig.cli.settings import merged, read_configuration
from minibig.cli.train import show_result
from minibig.cli.training_run import train
from minibig.storage import load

EXAMPLE = "minibig quickstart"
_PROMPTS = ("The", "This function returns", "If the argument is")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    parser.add_argument("--data", metavar="FILE", help="a text of yours (the standard library)")
    parser.add_argument(
        "--out",
        metavar="FOLDER",
        default="runs/quickstart",
        help="where the run lives (runs/quickstart)",
    )
    parser.add_argument("--config", metavar="FILE", help="settings to change, as for train")
    parser.add_argument("--restart", action="store_true", help="begin anew")


def run(arguments: argparse.Namespace) -> int:
    """Train, or go on, and let the model write."""
    folder = Path(arguments.out)
    layers = [preset("quickstart")]
    layers += [read_configuration(arguments.config)] if arguments.config else []
    layers += [{"data": arguments.data}] if arguments.data else []
    settings = merged(*layers)
    if arguments.restart:
        remove_run(folder)
    if is_run(folder):
        say(f"going on with {folder} (--restart begins anew)")
    result = train(folder, settings, command_line())
    say()
    _show_samples(folder, own_text=arguments.data is not None)
    show_result(folder, result)
    return 0


def _show_samples(folder: Path, *, own_text: bool) -> None:
    """What the model has learned to write."""
    model, tokenizer = load(folder / "model"), tokenizer_of(folder)
    for number, prompt in enumerate(("\n",) * 3 if own_text else _PROMPTS):
        text = "".join(
            written(model, tokenizer, prompt, max_new_tokens=60, temperature=0.7, seed=number)
        )
        say(f"{prompt}{text}\n")

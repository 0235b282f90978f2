"""`minibig train`: a model from a text, with every setting within reach.

While it runs it shows the step, the loss, the learning rate, tokens per second, the megabytes of
memory that this process holds at the moment (resident, so without what lies on a GPU; on macOS the
most it ever held), and the time left.
"""

import argparse
from pathlib import Path

from minibig.backend import InputError
from minibig.cli.console import say
from minibig.cli.presets import PRESETS, preset
from minibig.cli.run_folders import command_line, is_run, read_record, remove_run
from minibig.cli.settings import (
    Settings,
    add_flags,
    check_use,
    given_flags,
    merged,
    read_configuration,
)
from minibig.cli.training_run import train
from minibig.data import CORPORA
from minibig.training import Result

EXAMPLE = "minibig train --preset shakespeare-char --data shakespeare.txt --out runs/shakespeare"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    parser.usage = "minibig train --data TEXT [--preset NAME] [--out FOLDER] [settings]"
    parser.add_argument("--preset", metavar="NAME", help=f"one of: {', '.join(PRESETS)}")
    parser.add_argument("--config", metavar="FILE", help="settings in a JSON or TOML file")
    parser.add_argument("--out", metavar="FOLDER", help="where the run lives (runs/NAME)")
    again = parser.add_mutually_exclusive_group()
    again.add_argument(
        "--resume", action="store_true", help="go on with the run in --out, by its own settings"
    )
    again.add_argument(
        "--restart", action="store_true", help="remove the run in --out and begin anew"
    )
    add_flags(parser)


def run(arguments: argparse.Namespace) -> int:
    """Train."""
    layers = [preset(arguments.preset) if arguments.preset else {}]
    layers += [read_configuration(arguments.config) if arguments.config else {}]
    layers += [given_flags(arguments)]
    settings = merged(*layers)
    folder = Path(arguments.out or _usual_folder(arguments.preset, settings))
    if arguments.resume:
        if not is_run(folder):
            raise InputError(f"{folder} holds no run to go on with. Leave out --resume to begin.")
        named = {name: settings[name] for layer in layers for name in layer}
        settings = merged(_settings_of(folder), named)
    for given in layers[1:]:
        check_use(given, settings)
    if arguments.restart:
        remove_run(folder)
    result = train(folder, settings, command_line())
    show_result(folder, result)
    return 0


def show_result(folder: Path, result: Result) -> None:
    """How a run ended, and what can be done with it."""
    loss = "" if result.loss is None else f", loss {result.loss:.4f}"
    if result.validation_loss is not None:
        loss += f", validation loss {result.validation_loss:.4f}"
    ended = "finished" if result.tokens_per_second else "this run was finished already"
    say(f"{ended}: {result.steps:,} steps in {result.seconds:,.0f} s{loss}")
    say(f"model: {folder / 'model'}   picture: {folder / 'loss.png'}")
    say(f"write with it: minibig generate {folder}")


def _usual_folder(preset_name: str | None, settings: Settings) -> str:
    data = settings["data"] or ""
    name = preset_name or (data if data in CORPORA else Path(data).stem)
    return f"runs/{name or 'text'}"


def _settings_of(folder: Path) -> Settings:
    """The settings of a run; what the file lacks or has too much is an error of `merged`."""
    settings: Settings = read_record(folder)["settings"]
    if "pretraining" in settings:
        raise InputError(f"{folder} is gone on with by: minibig quickstart --out {folder}")
    return {name: value for name, value in settings.items() if value is not None}

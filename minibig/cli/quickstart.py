"""`minibig quickstart`: within four minutes a GPT learns to answer, and to say what it knows.

It reads about a small world that exists nowhere else, in English and Chinese, learns from dialogues
to answer, and is asked what it was told and what it has to work out. The report shows it all. With
--data it learns a text of yours instead, and writes. Run again, it goes on where it stopped.
"""

import argparse
from pathlib import Path

from minibig.backend import InputError
from minibig.cli.console import say
from minibig.cli.dialogue_run import learn_to_answer
from minibig.cli.generate import written
from minibig.cli.presets import FINETUNING, preset
from minibig.cli.run_folders import command_line, is_run, remove_run, tokenizer_of
from minibig.cli.settings import (
    Settings,
    check_use,
    merged,
    read_configuration,
    read_two_configurations,
)
from minibig.cli.train import show_result
from minibig.cli.training_run import LOOP_SETTINGS, train
from minibig.data import CORPORA
from minibig.storage import load

EXAMPLE = "minibig quickstart"
_PROMPTS = ("The", "This function returns", "If the argument is")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    parser.add_argument("--data", metavar="FILE", help="a text of yours, or stdlib, to write like")
    parser.add_argument(
        "--out",
        metavar="FOLDER",
        default="runs/quickstart",
        help="where the run lives (runs/quickstart)",
    )
    parser.add_argument(
        "--config",
        metavar="FILE",
        help="settings to change, as for train; a table `finetuning` holds those of the dialogues",
    )
    parser.add_argument("--restart", action="store_true", help="begin anew")


def run(arguments: argparse.Namespace) -> int:
    """Train, or go on, and show what the model can do."""
    folder = Path(arguments.out)
    if arguments.data:
        given = read_configuration(arguments.config) if arguments.config else {}
        settings = merged(preset("quickstart-text"), given, {"data": arguments.data})
        check_use(given, settings)
    else:
        settings, finetuning = _settings(arguments.config)
    if arguments.restart:
        remove_run(folder / "pretraining")  # the only part if its beginning was interrupted
        remove_run(folder)
    if is_run(folder):
        say(f"going on with {folder} (--restart begins anew)")
    if arguments.data:
        _learn_text(folder, settings)
    else:
        learn_to_answer(folder, settings, finetuning, command_line())
    return 0


def _settings(config: str | None) -> tuple[Settings, Settings]:
    """The settings of the pre-training and of the fine-tuning."""
    first, second = read_two_configurations(config, "finetuning") if config else ({}, {})
    if alien := second.keys() - set(LOOP_SETTINGS):
        raise InputError(
            f"{config}: {min(alien)} is no setting of the fine-tuning, which goes on with the "
            f"model of the pre-training. It has {', '.join(LOOP_SETTINGS)}."
        )
    settings = merged(preset("quickstart"), first)
    if settings["data"] != "world":
        raise InputError(
            f"{config}: only the data world has questions with answers; got {settings['data']}. "
            "Give a text of yours with --data."
        )
    finetuning = merged({"data": "world"}, FINETUNING, second)
    check_use(first, settings)
    check_use(second, finetuning)
    return settings, finetuning


def _learn_text(folder: Path, settings: Settings) -> None:
    """Learn a text, and write."""
    result = train(folder, settings, command_line())
    say()
    model, tokenizer = load(folder / "model"), tokenizer_of(folder)
    prompts = _PROMPTS if settings["data"] in CORPORA else ("\n",) * 3
    for number, prompt in enumerate(prompts):
        text = "".join(
            written(model, tokenizer, prompt, max_new_tokens=60, temperature=0.7, seed=number)
        )
        say(f"{prompt}{text}\n")
    show_result(folder, result)

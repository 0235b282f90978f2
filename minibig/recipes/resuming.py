"""Going on with a run: its settings on record, whether it is still the same run, and more steps.

A run goes on with the settings and the text that it began with; those that make no other run of it
are free to change.
"""

import glob
import os
from pathlib import Path

from minibig.backend import InputError
from minibig.backend.checks import whole
from minibig.data.columns import split_column
from minibig.files import command_line, write_json
from minibig.recipes.folder import RECORD, TextRecord, damage_told, is_run, read_record, run_folder
from minibig.recipes.settings import Pretraining, pretraining_of
from minibig.recipes.text import text_of
from minibig.settings import Settings
from minibig.training import Metrics
from minibig.training.settings import FREE_TO_CHANGE

_FREE = (*FREE_TO_CHANGE, "data", "from_", "out", "device", "sample_prompt", "sample_length")


def settings_on_record(folder: Path) -> Pretraining:
    """The settings of the pre-training in a folder.

    Raises:  InputError for the run of a quickstart, or if there is none.
    """
    if not is_run(folder):
        raise InputError(
            f"{folder} holds no run to go on with. To begin one, leave out --resume and --extend."
        )
    record = read_record(folder)
    if record.kind != "pretrain":
        goes_on = ("minibig", "quickstart", "--out", folder)
        again = ("goes on", goes_on) if record.is_quickstart else ("began", record.command)
        raise InputError(
            f"{folder} holds a run of {record.kind}. To train on a text, choose another --out, or "
            f"begin anew there (--restart). That run {again[0]} with: {command_line(*again[1])}"
        )
    with damage_told(folder / RECORD):
        return pretraining_of(record.settings).changed({"out": folder})


def extended(folder: Path, steps: int) -> Pretraining:
    """The settings of the finished run in a folder with `steps` more, which are on its record now.

    Raises:  InputError if the run is not finished yet.
    """
    settings = settings_on_record(folder)
    whole("steps", steps, least=1)
    with run_folder(folder, restart=False):
        made = max((line["step"] for line in Metrics(folder / "metrics.jsonl").read()), default=0)
        if made < settings.training.steps:
            raise InputError(
                f"{folder} holds a run that has made {made} of {settings.training.steps} steps. "
                "Let it go on to its end before it is extended: "
                f"{command_line('minibig', 'train', '--resume', '--out', folder)}"
            )
        settings = settings.changed({"steps": settings.training.steps + steps})
        record = read_record(folder)
        write_json(folder / RECORD, record.changed({"settings": settings.to_json()}).to_json())
    return settings


def check_same_run(folder: Path, settings: Pretraining) -> None:
    """Refuse to go on with a run under settings, or with a text, that make another one of it."""
    began = settings_on_record(folder)
    more = settings.training.steps - began.training.steps
    if more > 0 and set(settings.differing(began)) - set(_FREE) <= {"steps", "warmup_steps"}:
        raise InputError(
            f"{folder} holds a run that began with {began.listed(['steps'])}; got "
            f"{settings.listed(['steps'])}. A finished run goes on with: "
            f"{command_line('minibig', 'train', '--out', folder, '--extend', str(more))}"
        )
    check_same_settings(folder, began, settings)
    check_same_text(folder, read_record(folder).text, settings)


def check_same_settings(folder: Path, began: Settings, settings: Settings) -> None:
    """Refuse to go on with a run under settings with which it would have become another one."""
    names = [name for name in settings.differing(began) if name not in _FREE]
    if names:
        raise InputError(
            f"{folder} holds a run that began with {began.listed(names)}; got "
            f"{settings.listed(names)}. Go on with what it began with, choose another --out, or "
            "begin anew (--restart)."
        )


def check_same_text(folder: Path, text: TextRecord, settings: Pretraining) -> None:
    """Refuse another text than the one of the run; without a text the tokens of the run do."""
    name = settings.data
    if name is None or (name == text.name and not _is_there(name)):
        return
    if text_of(settings).sha256 != text.sha256:
        raise InputError(
            f"{name} is not, or no longer, the text that the run in {folder} began with. Bring it "
            "back, leave out --data to go on with the tokens of the run, choose another --out, or "
            "begin anew (--restart)."
        )


def _is_there(name: str) -> bool:
    """Whether a text that is known by its name can be read again."""
    path = split_column(name)[0] or name
    return os.path.exists(path) or any(glob.iglob(path, recursive=True))

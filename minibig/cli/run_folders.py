"""What lies where in the folder of a run, and the record by which a run explains itself.

run.json                 command, settings, seed, versions, state of git, hash of the text
tokenizer/               the tokenizer's files
tokens/                  the text as token ids: training.bin and validation.bin
checkpoints/             what is needed to go on
model/, best/            the model at the latest checkpoint, and at the lowest validation loss
metrics.jsonl, loss.png  what happened, as numbers and as a picture

The run of `minibig quickstart` has more in it: `dialogue_run.py` lists that.
"""

import json
import platform
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import minibig
from minibig.backend import InputError
from minibig.cli.git_state import git_state
from minibig.cli.settings import Settings
from minibig.files.durable import make_folder, new_file, read_file
from minibig.files.strict_json import parse_json
from minibig.storage import StorageError
from minibig.tokenizers import ByteLevelBPE, Tokenizer, load_tokenizer

RECORD = "run.json"
FORMAT = "minibig run"
_RECORD_BYTES = 1_000_000
_PARTS = (
    *("tokenizer", "tokens", "checkpoints", "model", "best", "metrics.jsonl", "loss.png"),
    *("pretraining", "stages.json", "examination.json", "metrics.json", "report.html"),
)
_PUBLISHED = (("vocab.json", "merges.txt"), ("encoder.json", "vocab.bpe"))


def is_run(folder: Path) -> bool:
    """Whether the folder holds a run."""
    return (folder / RECORD).is_file()


def write_record(
    folder: Path, command: Sequence[str], settings: Settings, text: dict[str, Any]
) -> None:
    """Write what a run is before it begins: `text` names its corpus and has its hash."""
    record = {
        "format": FORMAT,
        "command": list(command),
        "settings": settings,
        "seed": settings["seed"],
        "text": text,
        "versions": {
            "minibig": minibig.__version__,
            "python": platform.python_version(),
            "numpy": np.__version__,
            "system": f"{platform.system()} {platform.machine()}",
        },
        "git": git_state(Path.cwd()),
    }
    make_folder(folder)
    content = json.dumps(record, indent=2).encode("utf-8") + b"\n"
    with new_file(folder / RECORD) as file:
        file.write(content)


def read_record(folder: Path) -> dict[str, Any]:
    """What `write_record` wrote.

    Raises:  StorageError if the file is damaged or not a run's.
    """
    path = folder / RECORD
    try:
        record = parse_json(read_file(path, _RECORD_BYTES))
    except StorageError as error:
        raise StorageError(f"{path} is not usable: {error}") from error
    if (
        not isinstance(record, dict)
        or record.get("format") != FORMAT
        or not all(isinstance(record.get(key), dict) for key in ("settings", "text", "versions"))
    ):
        raise StorageError(f"{path} does not describe a run of minibig. Choose another folder.")
    return record


def remove_run(folder: Path) -> None:
    """Remove the parts of a run, if there is one, and nothing else; the record goes last."""
    if not is_run(folder):
        return
    for name in _PARTS:
        path = folder / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    (folder / RECORD).unlink()


def model_folder(folder: Path) -> Path:
    """Where the model lies: in the folder of a run, or in a folder of its own.

    Raises:  InputError if there is none.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder. Give the folder of a run or of a model.")
    for place in (folder, folder / "model"):
        if (place / "config.json").is_file():
            return place
    if is_run(folder):
        raise InputError(f"{folder} holds a run that has not saved a model yet. Let it go on.")
    raise InputError(f"{folder} holds no model: there is no config.json. Give the folder of a run.")


def tokenizer_of(folder: Path) -> Tokenizer:
    """The tokenizer in a folder, in its `tokenizer` folder, or beside it.

    Raises:  InputError if there is none.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder. Give the folder of a tokenizer or of a run.")
    for place in (folder, folder / "tokenizer", folder.resolve().parent / "tokenizer"):
        if (place / "tokenizer_settings.json").is_file():
            return load_tokenizer(place)
        for vocabulary, merges in _PUBLISHED:
            if (place / vocabulary).is_file() and (place / merges).is_file():
                return ByteLevelBPE.from_files(place / vocabulary, place / merges)
    raise InputError(
        f"{folder} has no tokenizer: neither tokenizer_settings.json nor vocab.json with "
        "merges.txt is there. Copy the model's tokenizer into the folder."
    )


def command_line() -> list[str]:
    """The command as it was given, for the record."""
    return ["minibig", *sys.argv[1:]]

"""What lies where in the folder of a run, and the record by which a run explains itself.

    run.json                 command, settings, versions, state of git, name and hash of the text;
                             after its training also what the time was spent on
    tokenizer/               the tokenizer's files
    tokens/                  the text as token ids: training.bin and validation.bin
    checkpoints/             what is needed to go on
    model/, best/            the model at the latest checkpoint, and at the lowest validation loss
    metrics.jsonl, loss.png  what happened, as numbers and as a picture

The run of a quickstart has more in it: `quickstart_run.py` lists that.
"""

import platform
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import minibig
from minibig.backend import InputError, checks, device
from minibig.files import (
    StorageError,
    checkout_of,
    command_line,
    discard,
    is_set_aside,
    locked,
    make_folder,
    quoted,
    read_json,
    restore,
    set_aside,
    settle,
    write_json,
)
from minibig.recipes.recipe import recipe_of
from minibig.recipes.stages import STAGES, Stages
from minibig.settings import Settings, required, setting
from minibig.storage import find_model, load
from minibig.tokenizers import Tokenizer, load_tokenizer

RECORD = "run.json"
PARTS = (
    *("tokenizer", "tokens", "checkpoints", "model", "best", "metrics.jsonl", "loss.png"),
    *("pretraining", "stages.json", "examination.json", "metrics.json", "report.html", RECORD),
)
_FORMAT = "minibig run"
_LIMIT = 1_000_000  # bytes of a record


@dataclass(frozen=True, kw_only=True)
class TextRecord(Settings):
    """What a record says of the text: by its hash it is recognised, wherever it lies."""

    name: str = setting("", "the path, or the name of a corpus")
    characters: int = setting(0, "how many there are", least=0)
    sha256: str = setting("", "the hash of the text and of where its documents end")


@dataclass(frozen=True, kw_only=True)
class Record(Settings):
    """What a run is: the content of run.json."""

    format: str = setting(_FORMAT, "the kind of the file", choices=(_FORMAT,))
    command: tuple[str, ...] = setting((), "what began the run")
    recipe: str = setting("", "the function in `minibig.recipes` that made the run")
    settings: dict[str, Any] = required("the settings of the recipe")
    text: TextRecord = required("the text of the run")
    versions: dict[str, str] = required("minibig, Python, NumPy, system")
    git: dict[str, Any] | None = setting(None, "commit and branch of the checkout around it")
    kernels: tuple[str, ...] = setting((), "what computed it: kernels of which kind, in order")
    seconds: dict[str, float] = setting({}, "what the time of its training was spent on", least=0)

    @property
    def is_quickstart(self) -> bool:
        """Whether the run ends in answers, and has a pre-training as its first part."""
        return self.kind == "quickstart"

    @property
    def kind(self) -> str:
        """The name of the recipe; the records of older versions did not have it."""
        return self.recipe or ("quickstart" if "pretraining" in self.settings else "pretrain")


def is_run(folder: Path) -> bool:
    """Whether the folder holds a run."""
    return (folder / RECORD).is_file()


def runs_in(folder: Path) -> list[Path]:
    """The runs that lie in a folder, which is none itself."""
    return sorted(path.parent for path in folder.glob(f"*/{RECORD}")) if folder.is_dir() else []


def where_it_stopped(folder: Path) -> str | None:
    """The stage in which a quickstart stopped; None if it is finished, or no quickstart.

    A quickstart that stopped in its first stage has no record of its own yet.
    """
    path = folder / "stages.json"
    begun = path.exists() or is_run(folder / "pretraining")
    if not (read_record(folder).is_quickstart if is_run(folder) else begun):
        return None
    finished = Stages(STAGES, path, say=lambda line: None).seconds if path.exists() else {}
    return next((name for name in STAGES if name not in finished), None)


def write_record(
    folder: Path, command: Sequence[str], settings: Settings, text: TextRecord
) -> None:
    """Write what a run is before it begins, and remove what was set aside for it."""
    record = Record(
        command=tuple(word.encode(errors="backslashreplace").decode() for word in command),
        recipe=recipe_of(settings),
        settings=settings.to_json(),
        text=text,
        versions={
            "minibig": minibig.__version__,
            "python": platform.python_version(),
            "numpy": np.__version__,
            "system": f"{platform.system()} {platform.machine()}",
        },
        git=checkout_of(Path.cwd()),
    )
    make_folder(folder)
    write_json(folder / RECORD, record.to_json())
    discard(folder)


def record_training(folder: Path, by: str, seconds: dict[str, float]) -> None:
    """Write into the record of a run what computes it, and how long each part of it took."""
    record = read_record(folder)
    kernels = record.kernels if record.kernels[-1:] == (by,) else (*record.kernels, by)
    changes = {"kernels": kernels, "seconds": seconds or record.seconds}
    write_json(folder / RECORD, record.changed(changes).to_json())


@contextmanager
def run_folder(folder: Path, *, restart: bool) -> Iterator[None]:
    """Within the block this process alone works in the folder of a run.

    With `restart` the run that is there is set aside. `write_record` removes it; without a record
    it comes back at the end of the block, or when the next process works in the folder. What a run
    that did not begin has made is removed.
    """
    with locked(folder):
        settle(folder, RECORD)
        if restart:
            set_aside(folder, RECORD, PARTS)
        made = [name for name in ("tokenizer", "tokens") if not (folder / name).exists()]
        try:
            yield
        finally:
            if not is_run(folder):
                for name in made:
                    shutil.rmtree(folder / name, ignore_errors=True)
                restore(folder, RECORD)


def check_folder(folder: Path) -> None:
    """Refuse a folder in which a run cannot live."""
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file; --out must name a folder.")
    bring_back(folder)
    unexplained = not is_run(folder) and not is_set_aside(folder)
    if unexplained and (folder / "checkpoints").exists():
        raise InputError(
            f"{folder} holds checkpoints, but no run.json that explains them. Choose another --out."
        )


def bring_back(folder: Path) -> None:
    """Bring back a run that somebody set aside to begin anew there, and was killed."""
    if is_set_aside(folder) and not is_run(folder):
        with run_folder(folder, restart=False):
            pass


def read_record(folder: Path) -> Record:
    """What `write_record` wrote.

    Raises:  StorageError that names the file and what is wrong with it.
    """
    with damage_told(folder / RECORD):
        values = checks.instance("the content", read_json(folder / RECORD, _LIMIT), dict)
        names = Record.__dataclass_fields__
        return Record.of({name: value for name, value in values.items() if name in names})


@contextmanager
def damage_told(
    path: Path,
    what: str = "a run of minibig",
    advice: str = "Restore a copy of it, or choose another folder.",
) -> Iterator[None]:
    """Within the block an InputError is one of the file at `path`, which is named."""
    try:
        yield
    except StorageError:
        raise
    except InputError as error:
        reason = str(error).rstrip(".")
        raise StorageError(f"{path} does not describe {what}: {reason}. {advice}") from None


def model_and_tokenizer(folder: Path, device_name: str | None = None) -> tuple[Any, Tokenizer]:
    """The model in the folder of a run or of a model, on a device, and its tokenizer."""
    target = device(device_name)
    bring_back(folder)
    _check_model(folder)
    place, tokenizer = find_model(folder), load_tokenizer(folder)
    model: Any = load(place, target)
    check_vocabularies(model.config.vocab_size, tokenizer, str(place))
    return model, tokenizer


def _check_model(folder: Path) -> None:
    """Say what to do where a quickstart has no model yet, and where a folder holds runs."""
    if any((folder / name).exists() for name in ("model", "best", "config.json")):
        return
    if stopped := where_it_stopped(folder):
        first = folder / "pretraining"
        learned = f"; what it has learned so far is in {quoted(first)}"
        more = learned if (first / "model").exists() else ""
        raise InputError(
            f"{folder} holds a run of quickstart that stopped in stage {stopped}. Go on with: "
            f"{command_line('minibig', 'quickstart', '--out', folder)}{more}"
        )
    if not is_run(folder) and (runs := runs_in(folder)):
        listed = ", ".join(map(quoted, runs))
        raise InputError(f"{folder} holds runs: {listed}. Give one of them.")


def check_vocabularies(vocab_size: int, tokenizer: Tokenizer, name: str) -> None:
    """Refuse a model or a token file that was made with another tokenizer."""
    if vocab_size != tokenizer.vocab_size:
        raise InputError(
            f"{name} has a vocabulary of {vocab_size:,} tokens, the tokenizer one of "
            f"{tokenizer.vocab_size:,}. Use the tokenizer that it was made with."
        )

"""What a folder or a file of minibig holds: a run, a model, a tokenizer, checkpoints, tokens."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

from minibig.backend import InputError
from minibig.data import TokenFile
from minibig.files import command_line, quoted
from minibig.recipes.folder import bring_back, is_run, read_record, runs_in, where_it_stopped
from minibig.recipes.quickstart_run import run_settings
from minibig.storage import find_model, list_checkpoints, load, load_checkpoint
from minibig.tokenizers import load_tokenizer
from minibig.training import Metrics, shares

Rows: TypeAlias = Iterator[tuple[str, object]]


def contents_of(path: Path) -> Rows:
    """Names and values of whatever lies at the path.

    Raises:  InputError if it is nothing that minibig knows.
    """
    if not path.exists():
        raise InputError(f"{path} does not exist. Give the folder of a run.")
    bring_back(path)
    if path.is_file() and not Path(f"{path}.json").is_file():
        raise _unknown_file(path)
    kinds: tuple[tuple[bool, Callable[[Path], Rows]], ...] = (
        (path.is_file(), _token_file),
        (is_run(path), _run),
        ((path / "config.json").is_file(), _model),
        (any((path / name).is_file() for name in ("checkpoint.json", "latest.json")), _checkpoints),
        (where_it_stopped(path) is not None, _quickstart),
        (bool(_token_files(path)), _tokens),
        (bool(runs_in(path)), _runs),
        (True, _tokenizer),
    )
    return next(describe for fits, describe in kinds if fits)(path)


def _run(path: Path) -> Rows:
    record = read_record(path)
    settings = run_settings(path)
    begun = path / "pretraining"  # by a quickstart, whose tokenizer and model come later
    learned = path if (path / "tokenizer").is_dir() or not is_run(begun) else begun
    yield "run", path
    yield "recipe", record.kind
    yield from _quickstart(path)
    yield "command", command_line(*record.command)
    yield "versions", ", ".join(f"{name} {version}" for name, version in record.versions.items())
    if record.kernels:
        yield "computed by", ", then ".join(record.kernels)
    if record.git:
        yield "git", record.git.get("commit")
    yield "text", f"{record.text.name}, {record.text.characters:,} characters"
    if (learned / "tokenizer").is_dir():
        yield from list(_tokenizer(learned))[1:]
    if "optimizer" in settings:
        yield "optimizer", settings["optimizer"]
    latest = Metrics(path / "metrics.jsonl").latest()
    of = f" of {settings['steps']:,}" if isinstance(settings.get("steps"), int) else ""
    yield "steps", f"{latest.get('step', 0):,}{of}"
    for name in ("loss", "validation_loss", "tokens_per_second", "seconds"):
        if name in latest:
            yield name.replace("_", " "), f"{latest[name]:,.4g}"
    if record.seconds:
        yield "spent on", shares(record.seconds)
    if (path / "model" / "config.json").is_file():
        yield from _model(find_model(path))
    if (path / "checkpoints").is_dir():
        names = [checkpoint.name for checkpoint in list_checkpoints(path / "checkpoints")]
        yield "checkpoints", f"{', '.join(names) or 'none yet'}, {_size(path / 'checkpoints')}"
    yield "size", _size(path)


def _quickstart(path: Path) -> Rows:
    """How far a quickstart has come, unless it is finished."""
    if stopped := where_it_stopped(path):
        yield "state", f"a run of quickstart that stopped in stage {stopped}"
        yield "go on with", command_line("minibig", "quickstart", "--out", path)


def _model(path: Path) -> Rows:
    model: Any = load(path)
    yield "model", f"{path}: {type(model).__name__}, {_size(path)}"
    yield "parameters", f"{model.n_parameters:,}"
    for name, value in vars(model.config).items():
        if isinstance(value, int):
            yield name, f"{value:,}"


def _tokenizer(path: Path) -> Rows:
    try:
        tokenizer = load_tokenizer(path)
    except InputError as error:
        raise InputError(
            f"{path} is nothing that minibig knows: no run, model, tokenizer or checkpoint."
        ) from error
    yield "path", path
    yield "tokenizer", f"{type(tokenizer).__name__}, {tokenizer.vocab_size:,} tokens"


def _checkpoints(path: Path) -> Rows:
    arrays, state = load_checkpoint(path)
    yield "checkpoint", path
    yield "step", f"{state['step']:,}"
    yield "arrays", f"{len(arrays):,} with {sum(array.size for array in arrays.values()):,} numbers"
    yield "size", _size(path)


def _token_file(path: Path) -> Rows:
    tokens = TokenFile(path)
    yield "token file", path
    yield "tokens", f"{tokens.n_tokens:,}"
    yield "documents", f"{tokens.n_documents:,}"
    yield "vocabulary", f"{tokens.vocab_size:,}"
    yield "bytes of text", f"{tokens.text_bytes:,}"
    yield "size", _size(path)


def _tokens(path: Path) -> Rows:
    for file in _token_files(path):
        yield from _token_file(file)


def _token_files(folder: Path) -> list[Path]:
    """The token files in a folder; none, if it is a file."""
    files = sorted(folder.glob("*.bin")) if folder.is_dir() else []
    return [path for path in files if Path(f"{path}.json").is_file()]


def _runs(path: Path) -> Rows:
    runs = runs_in(path)
    yield "runs", f"{len(runs)} in {path}"
    for each in runs:
        steps = [line["step"] for line in Metrics(each / "metrics.jsonl").read()]
        yield quoted(each.name), f"{max(steps, default=0):,} steps: {_look_at(each)}"


def _unknown_file(path: Path) -> InputError:
    folder = path.absolute().parent
    run = next((each for each in (folder, *folder.parents[:2]) if is_run(each)), None)
    if run is not None:
        return InputError(f"{path} is a file of the run in {run}. Look at it: {_look_at(run)}")
    return InputError(
        f"{path} is a file, and nothing that minibig knows. To train on a text: "
        f"{command_line('minibig', 'train', '--data', path)}"
    )


def _look_at(run: Path) -> str:
    return command_line("minibig", "info", run)


def _size(path: Path) -> str:
    """How much room a file, or all that lies in a folder, takes on the disk."""
    paths = [path] if path.is_file() else [Path(at, n) for at, _, ns in os.walk(path) for n in ns]
    return f"{sum(each.stat().st_size for each in paths if each.is_file()) / 1e6:,.1f} MB"

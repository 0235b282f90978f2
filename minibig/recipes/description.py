"""What a folder or a file of minibig holds: a run, a model, a tokenizer, checkpoints, tokens."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

from minibig.backend import InputError
from minibig.data import TokenFile
from minibig.recipes.folder import bring_back, is_run, read_record
from minibig.recipes.quickstart_run import run_settings
from minibig.storage import find_model, list_checkpoints, load, load_checkpoint
from minibig.tokenizers import load_tokenizer
from minibig.training import Metrics

Rows: TypeAlias = Iterator[tuple[str, object]]


def contents_of(path: Path) -> Rows:
    """Names and values of whatever lies at the path.

    Raises:  InputError if it is nothing that minibig knows.
    """
    if not path.exists():
        raise InputError(f"{path} does not exist. Give the folder of a run.")
    bring_back(path)
    kinds: tuple[tuple[bool, Callable[[Path], Rows]], ...] = (
        (path.is_file(), _token_file),
        (is_run(path), _run),
        ((path / "config.json").is_file(), _model),
        (any((path / name).is_file() for name in ("checkpoint.json", "latest.json")), _checkpoints),
        (True, _tokenizer),
    )
    return next(describe for fits, describe in kinds if fits)(path)


def _run(path: Path) -> Rows:
    record = read_record(path)
    settings = run_settings(path)
    yield "run", path
    yield "command", " ".join(record.command)
    yield "versions", ", ".join(f"{name} {version}" for name, version in record.versions.items())
    if record.git:
        yield "git", record.git.get("commit")
    yield "text", f"{record.text.name}, {record.text.characters:,} characters"
    yield from list(_tokenizer(path))[1:]
    yield "optimizer", settings["optimizer"]
    latest = Metrics(path / "metrics.jsonl").latest()
    yield "steps", f"{latest.get('step', 0):,} of {settings['steps']:,}"
    for name in ("loss", "validation_loss", "tokens_per_second", "seconds"):
        if name in latest:
            yield name.replace("_", " "), f"{latest[name]:,.4g}"
    if (path / "model" / "config.json").is_file():
        yield from _model(find_model(path))
    if (path / "checkpoints").is_dir():
        names = [checkpoint.name for checkpoint in list_checkpoints(path / "checkpoints")]
        yield "checkpoints", f"{', '.join(names) or 'none yet'}, {_size(path / 'checkpoints')}"
    yield "size", _size(path)


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
    yield "bytes of text", f"{tokens.sidecar['text_bytes']:,}"
    yield "size", _size(path)


def _size(path: Path) -> str:
    """How much room a file, or all that lies in a folder, takes on the disk."""
    paths = [path] if path.is_file() else [Path(at, n) for at, _, ns in os.walk(path) for n in ns]
    return f"{sum(each.stat().st_size for each in paths if each.is_file()) / 1e6:,.1f} MB"

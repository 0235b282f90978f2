"""`minibig info`: what a folder or file of minibig holds; `minibig doctor` looks at the machine."""

import argparse
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from minibig.backend import InputError
from minibig.cli.console import say
from minibig.cli.run_folders import is_run, model_folder, read_record, tokenizer_of
from minibig.data import TokenFile
from minibig.storage import list_checkpoints, load, load_checkpoint
from minibig.training import Metrics

EXAMPLE = "minibig info runs/quickstart"
Rows = Iterator[tuple[str, object]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    parser.add_argument(
        "path", metavar="PATH", help="a run, a model, a tokenizer, checkpoints or a token file"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print a table of two columns."""
    rows = list(_contents(Path(arguments.path)))
    width = max(len(name) for name, _ in rows)
    for name, value in rows:
        say(f"{name:<{width}}  {value}")
    return 0


def _contents(path: Path) -> Rows:
    """Rows about whatever lies at the path."""
    if not path.exists():
        raise InputError(f"{path} does not exist. Give the folder of a run.")
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
    settings, text, versions = record["settings"], record["text"], record["versions"]
    yield "run", path
    yield "command", " ".join(map(str, record.get("command", ())))
    yield "versions", ", ".join(f"{name} {version}" for name, version in versions.items())
    if git := record.get("git"):
        changed = " with changes" if git.get("dirty") else ""
        yield "git", f"{git.get('commit')}{changed}"
    yield "text", f"{text.get('name')}, {text.get('characters', 0):,} characters"
    yield from list(_tokenizer(path))[1:]
    yield "optimizer", settings.get("optimizer", "adamw")  # which was the only one once
    lines = Metrics(path / "metrics.jsonl").read()
    latest: dict[str, Any] = {}
    for line in lines:
        latest |= line
    yield "steps", f"{latest.get('step', 0):,} of {settings.get('steps', 0):,}"
    for name in ("loss", "validation_loss", "tokens_per_second", "seconds"):
        if name in latest:
            yield name.replace("_", " "), f"{latest[name]:,.4g}"
    if (path / "model" / "config.json").is_file():
        yield from _model(model_folder(path))
    if (path / "checkpoints").is_dir():
        names = [checkpoint.name for checkpoint in list_checkpoints(path / "checkpoints")]
        yield "checkpoints", f"{', '.join(names) or 'none yet'}, {_size(path / 'checkpoints')}"
    yield "size", _size(path)


def _model(path: Path) -> Rows:
    model: Any = load(path)
    yield "model", f"{path}: {type(model).__name__}, {_size(path)}"
    yield "parameters", f"{model.n_parameters:,}"
    for name in ("vocab_size", "context_length", "n_layers", "n_heads", "d_model"):
        yield name, f"{getattr(model.config, name):,}"


def _tokenizer(path: Path) -> Rows:
    try:
        tokenizer = tokenizer_of(path)
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

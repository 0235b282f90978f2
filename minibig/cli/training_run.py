"""A whole run in a folder: text -> tokenizer -> tokens -> GPT -> the loop -> picture and model.

A folder holds one run. The same command goes on with it, and on a finished one says so; another
text or other settings are refused with the names of what differs.
"""

import math
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path

from minibig.backend import InputError, device, manual_seed
from minibig.cli.console import say
from minibig.cli.corpus import Corpus
from minibig.cli.preparation import check_length, opening, prepare, prepared
from minibig.cli.run_folders import is_run, read_record, write_record
from minibig.cli.settings import Settings, merged
from minibig.data import CORPORA, Batches, TokenFile, Tokens, evaluation_batches
from minibig.evaluation import mean_loss
from minibig.models import GPT, GPTConfig
from minibig.objectives import next_token_loss
from minibig.pictures import draw_losses
from minibig.storage import StorageError
from minibig.tokenizers import Tokenizer
from minibig.training import (
    Interrupted,
    Look,
    Result,
    Trainer,
    TrainingError,
    TrainingSettings,
    at_most_every,
    progress_on,
    text_sampler,
)
from minibig.training.settings import FREE_TO_CHANGE

_MODEL = ("context_length", "n_layers", "n_heads", "d_model", "dropout")
LOOP_SETTINGS = tuple(field.name for field in fields(TrainingSettings))
_FREE = (*FREE_TO_CHANGE, "device", "sample_prompt", "sample_length")


@dataclass(frozen=True)
class PreparedRun:
    """All that the loop needs of a run."""

    folder: Path
    settings: Settings
    training_settings: TrainingSettings
    model: GPT
    tokenizer: Tokenizer
    training: Tokens
    validation: Tokens
    floor: float | None  # nats per token, where the entropy of the text's source is known


def train(folder: Path, settings: Settings, command: Sequence[str]) -> Result:
    """Begin the run in `folder`, or go on with it, to its end.

    Raises:  InputError if the settings make no run, or the folder holds another one.
    """
    return trained(begin(folder, settings, command))


def begin(folder: Path, settings: Settings, command: Sequence[str]) -> PreparedRun:
    """Make all that the loop needs of the run in `folder`, or find what was made of it before.

    Raises:  InputError if the settings make no run, or the folder holds another one.
    """
    settings = with_full_paths(settings)
    loop_settings = training_settings(settings)
    GPTConfig(vocab_size=1, **{name: settings[name] for name in _MODEL})
    if settings["validation_fraction"] == 0:
        raise InputError("validation_fraction must be above 0; a run measures what it has learned.")
    target = device(settings["device"])
    check_folder(folder)
    corpus = Corpus(
        settings["data"],
        validation_fraction=settings["validation_fraction"],
        errors=settings["errors"],
    )
    goes_on = is_run(folder)
    if goes_on:
        _check_same_run(folder, settings, corpus)
    data = prepared(folder) if goes_on else _prepared_anew(folder, settings, corpus)
    manual_seed(settings["seed"])
    sizes = {name: settings[name] for name in _MODEL}
    model = GPT(GPTConfig(vocab_size=data[0].vocab_size, **sizes))
    model.to(target)
    n_parameters = model.n_parameters
    say(f"model: GPT, {n_parameters:,} parameters, on {target}")
    if not goes_on:  # from here on nothing that the user gave can be wrong
        text = {"name": corpus.name, "characters": corpus.characters, "sha256": corpus.sha256}
        write_record(folder, command, settings, text)
    floor = None if corpus.entropy is None else nats_per_token(corpus.entropy, data[2])
    return PreparedRun(folder, settings, loop_settings, model, *data, floor)


def training_settings(settings: Settings) -> TrainingSettings:
    """Those of the settings that the loop itself takes.

    Raises:  InputError if they do not fit together.
    """
    numbers = {name: settings[name] for name in LOOP_SETTINGS}
    return TrainingSettings(**{**numbers, "clip": settings["clip"] or None})


def nats_per_token(nats_per_byte: float, tokens: TokenFile) -> float:
    """A loss per token from one per byte, by the bytes that a token of this text has on average."""
    return nats_per_byte * tokens.sidecar["text_bytes"] / tokens.n_tokens


def with_full_paths(settings: Settings) -> Settings:
    """The settings with paths that hold from any folder."""
    data, tokenizer = settings["data"], settings["tokenizer"]
    if data is None:
        raise InputError("a run needs a text: --data FILE, a folder, a glob, or --data stdlib.")
    return {
        **settings,
        "data": data if data in CORPORA else os.path.abspath(data),
        "tokenizer": os.path.abspath(tokenizer) if os.path.isdir(tokenizer) else tokenizer,
    }


def check_folder(folder: Path) -> None:
    """Refuse a folder in which a run cannot live."""
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file; --out must name a folder.")
    if not is_run(folder) and (folder / "checkpoints").exists():
        raise InputError(
            f"{folder} holds checkpoints, but no run.json that explains them. Choose another --out."
        )


def _prepared_anew(
    folder: Path, settings: Settings, corpus: Corpus
) -> tuple[Tokenizer, TokenFile, TokenFile]:
    data = prepare(folder, corpus, settings["tokenizer"], settings["vocab_size"])
    check_length(*data[1:], settings["context_length"])
    data[0].encode(settings["sample_prompt"] or "")
    return data


def _check_same_run(folder: Path, settings: Settings, corpus: Corpus) -> None:
    record = read_record(folder)
    check_same_settings(folder, record["settings"], settings)
    if corpus.name not in CORPORA and corpus.sha256 != record["text"].get("sha256"):
        raise InputError(
            f"{corpus.name} is no longer the text that the run in {folder} began with. Bring it "
            "back, choose another --out, or start anew (--restart)."
        )


def check_same_settings(folder: Path, began: Settings, settings: Settings) -> None:
    """Refuse to go on with a run under settings with which it would have become another one."""
    began = {**merged(), **began}  # older runs have fewer settings
    names = [n for n in settings if n not in _FREE and began.get(n) != settings[n]]
    if names:
        before = ", ".join(f"{name} = {began.get(name)}" for name in names)
        now = ", ".join(f"{name} = {settings[name]}" for name in names)
        raise InputError(
            f"{folder} holds a run that began with {before}; got {now}. Go on with what it began "
            "with (--resume), choose another --out, or start anew (--restart)."
        )


def trained(run: PreparedRun) -> Result:
    """The loop, from where the run stands to its end, and its picture."""
    settings, model, tokenizer = run.settings, run.model, run.tokenizer
    batch_size, context_length = settings["batch_size"], settings["context_length"]
    batches = Batches(
        run.training, batch_size=batch_size, context_length=context_length, seed=settings["seed"]
    )

    def evaluate() -> dict[str, float]:
        some = evaluation_batches(
            run.validation,
            batch_size=batch_size,
            context_length=context_length,
            max_batches=settings["evaluate_batches"] or None,
        )
        return {"validation_loss": mean_loss(model, next_token_loss, some)}

    prompt = settings["sample_prompt"] or opening(tokenizer)
    sample = text_sampler(
        model, tokenizer, prompt, settings["sample_length"], seed=settings["seed"]
    )
    trainer = Trainer(
        model,
        next_token_loss,
        batches,
        run.training_settings,
        run.folder,
        looks=usual_looks(settings, evaluate, sample),
    )
    trainer.progress = progress_on(sys.stdout)
    trainer.expected_initial_loss = math.log(tokenizer.vocab_size)

    def draw() -> None:
        draw_losses(trainer.metrics, run.folder / "loss.png", run.floor, title=run.folder.name)

    return run_and_draw(trainer, draw)


def usual_looks(
    settings: Settings, evaluate: Callable[[], dict[str, float]], sample: Callable[[], str]
) -> list[Look]:
    """An evaluation that decides what is best, and samples unless they are switched off."""
    looks = [Look("validation", settings["evaluate_every"], evaluate, best="validation_loss")]
    if settings["sample_every"]:
        looks.append(Look("sample", settings["sample_every"], sample))
    return looks


def run_and_draw(trainer: Trainer, draw: Callable[[], None]) -> Result:
    """The loop to its end; its picture is drawn on the way and then, also if it ends too early."""

    def draw_if_any() -> None:
        if any("loss" in line for line in trainer.metrics.read()):
            draw()

    every = trainer.settings.evaluate_every
    trainer.looks = (*trainer.looks, Look("picture", every, at_most_every(10.0, draw_if_any)))
    try:
        result = trainer.run()
    except (Interrupted, TrainingError):
        with suppress(StorageError):  # what ended the run is what has to be said
            draw_if_any()
        raise
    draw_if_any()
    return result

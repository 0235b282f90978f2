"""Pre-training: text -> tokenizer -> tokens -> GPT -> the loop -> model and picture.

    result = pretrain(Pretraining(data="mine.txt", out="runs/mine", training=...))

A folder holds one run. The same settings go on with it, and on a finished one say so; another text
or other settings are refused with the names of what differs. A run knows its text by its hash: it
may have been moved, and it need not be there at all, for its tokens are in the folder.
"""

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from minibig.backend import Device, checks, device, manual_seed
from minibig.data import CORPORA, Batches, Text, evaluation_batches
from minibig.evaluation import mean_loss
from minibig.files import command_line, quoted
from minibig.models import GPT, GPTConfig
from minibig.objectives import next_token_loss
from minibig.pictures import draw_losses
from minibig.recipes.display import Display
from minibig.recipes.folder import check_folder, is_run, run_folder, write_record
from minibig.recipes.recipe import takes
from minibig.recipes.resuming import check_same_run, settings_on_record
from minibig.recipes.settings import START_SIZES, Pretraining
from minibig.recipes.text import (
    TokenizedText,
    bits_per_byte_of,
    bytes_per_token,
    check_length,
    check_tokenizer,
    record_of,
    text_of,
    tokenized,
    tokens_of,
)
from minibig.recipes.training_run import run_and_draw, usual_looks
from minibig.storage import load
from minibig.tokenizers import Tokenizer
from minibig.training import Result, Trainer, has_to_compile, opening, text_sampler


@dataclass(frozen=True)
class PretrainingResult:
    """What a pre-training has come to; `metrics` are its last numbers by name."""

    folder: Path
    model: GPT
    tokenizer: Tokenizer
    metrics: dict[str, float]
    seconds: float
    is_new: bool = field(repr=False)  # whether it made a step, or was finished already

    @property
    def summary(self) -> str:
        """How the run ended, and what can be done with it."""
        ended = "finished" if self.is_new else "this run was finished already"
        losses = [
            f"{name.replace('_', ' ')} {self.metrics[name]:.4f}"
            for name in ("loss", "validation_loss", "bits_per_byte")
            if name in self.metrics
        ]
        return "\n".join(
            [
                f"{ended}: {self.metrics['steps']:,} steps in {self.seconds:,.0f} s",
                ", ".join(losses),
                f"model:   {quoted(self.folder / 'model')}",
                f"picture: {quoted(self.folder / 'loss.png')}",
                f"write with it: {command_line('minibig', 'generate', self.folder)}",
            ]
        )


@takes(Pretraining)
def pretrain(
    settings: Pretraining,
    *,
    restart: bool = False,
    display: Display = Display(),  # noqa: B008 - a frozen record
    command: Sequence[str] = ("minibig.recipes.pretrain",),
) -> PretrainingResult:
    """Begin the run in `settings.folder`, or go on with it, to its end.

    `restart` begins anew; the run that was there is removed when the new one is known to begin.

    Raises:  InputError if the settings make no run, or the folder holds another one.
    """
    settings, text = _checked(settings, restart)
    with run_folder(settings.folder, restart=restart):
        return prepare(settings, text, display, command).train(display)


def _checked(settings: Pretraining, restart: bool) -> tuple[Pretraining, Text | None]:
    """The settings with full paths, and the text if it is needed; nothing is made yet."""
    device(settings.device)
    check_folder(settings.folder)
    goes_on = is_run(settings.folder) and not restart
    settings = _complete(settings, goes_on)
    if goes_on:
        return settings, None
    text = text_of(settings)
    return settings, text if text.characters else None


def prepare(
    settings: Pretraining, text: Text | None, display: Display, command: Sequence[str]
) -> "PretrainingRun":
    """Make all that the loop needs, or find what was made of it before.

    Raises:  InputError as `pretrain` does.
    """
    folder = settings.folder
    goes_on = is_run(folder)
    if goes_on:
        check_same_run(folder, settings)
        tokens = tokens_of(folder)
    else:
        text = text or text_of(settings)
        tokens = tokenized(folder, text, settings.tokenizer, settings.vocab_size, display.say)
        check_length(tokens, settings.model.context_length)
        tokens.tokenizer.encode(settings.sample_prompt or "")
    target = device(settings.device)
    model = _model(settings, tokens.tokenizer, target)
    run = PretrainingRun(settings, model, tokens)
    if text is not None and not goes_on:
        if has_to_compile(model):
            display.say("compiling kernels: some ten seconds, once on this machine")
        run.try_batch()  # from here on nothing that the user gave can be wrong
        write_record(folder, command, settings, record_of(text))
    return run


def _complete(settings: Pretraining, goes_on: bool) -> Pretraining:
    """The settings with paths that hold from any folder, and what is taken from another model.

    A run that goes on has all it needs in its folder.
    """
    changes: dict[str, Any] = {"out": settings.folder}
    if settings.data is not None and settings.data not in CORPORA:
        checks.text("data", settings.data)
        changes["data"] = os.path.abspath(settings.data)
    if settings.from_ is not None:
        start = settings.from_.absolute()
        changes |= {"from_": start, "tokenizer": str(start)}
        changes |= _sizes(settings.folder, start, goes_on)
    elif os.path.isdir(settings.tokenizer):
        changes["tokenizer"] = os.path.abspath(settings.tokenizer)
    if not goes_on:
        check_tokenizer(changes.get("tokenizer", settings.tokenizer))
    return settings.changed(changes)


def _sizes(folder: Path, start: Path, goes_on: bool) -> dict[str, Any]:
    """The sizes of a model to start from, or of the one that a run did start from."""
    model: Any = settings_on_record(folder).model if goes_on else load(start)
    sizes = model if goes_on else model.config
    return {name: getattr(sizes, name) for name in START_SIZES}


def _model(settings: Pretraining, tokenizer: Tokenizer, target: Device) -> GPT:
    """A model of random weights, or the one to start from."""
    manual_seed(settings.training.seed)
    model = GPT(GPTConfig(vocab_size=tokenizer.vocab_size, **settings.model.to_json()))
    if settings.from_ is not None and not (settings.folder / "checkpoints").exists():
        start: Any = load(settings.from_)
        model.load_state_dict(start.state_dict())
    model.to(target)
    return model


@dataclass(frozen=True)
class PretrainingRun:
    """All that the loop needs of a run."""

    settings: Pretraining
    model: GPT
    tokens: TokenizedText

    @property
    def floor(self) -> float | None:
        """Nats per token that no model can go below, where the source of the text is known."""
        settings = self.settings
        entropy = text_of(settings).entropy if settings.data in CORPORA else None
        return None if entropy is None else entropy * bytes_per_token(self.tokens.validation)

    def try_batch(self) -> None:
        """The gradient of one batch, for nothing: whatever does not fit into memory is known now.

        Raises:  MemoryError if it does not.
        """
        next_token_loss(self.model, self.batches.batch(0)).backward()
        self.model.zero_grad()

    def train(self, display: Display) -> PretrainingResult:
        """The loop, from where the run stands to its end, and its picture."""
        folder, model = self.settings.folder, self.model
        sizes = self.settings.model
        of = f"{model.n_parameters:,} parameters ({sizes.listed(sizes.flat())})"
        display.say(f"model: GPT, {of}, on {model.device}")
        trainer = self._trainer(display)

        def draw() -> None:
            draw_losses(trainer.metrics, folder / "loss.png", self.floor, title=folder.name)

        result = run_and_draw(trainer, draw, display.say)
        numbers, is_new = self._numbers(result), bool(result.tokens_per_second)
        tokenizer = self.tokens.tokenizer
        return PretrainingResult(folder, model, tokenizer, numbers, result.seconds, is_new)

    @property
    def batches(self) -> Batches:
        """What the model learns from."""
        return Batches(self.tokens.training, seed=self.settings.training.seed, **self._sizes)

    @property
    def _sizes(self) -> dict[str, int]:
        return {
            "batch_size": self.settings.training.batch_size,
            "context_length": self.settings.model.context_length,
        }

    def _trainer(self, display: Display) -> Trainer:
        training, model, tokens = self.settings.training, self.model, self.tokens

        def evaluate() -> dict[str, float]:
            most = training.evaluate_batches or None
            some = evaluation_batches(tokens.validation, max_batches=most, **self._sizes)
            return {"validation_loss": mean_loss(model, next_token_loss, some)}

        prompt = self.settings.sample_prompt or opening(tokens.tokenizer)
        length, seed = self.settings.sample_length, training.seed
        sample = text_sampler(model, tokens.tokenizer, prompt, length, seed=seed)
        looks = usual_looks(training, evaluate, sample)
        folder = self.settings.folder
        trainer = Trainer(model, next_token_loss, self.batches, training, folder, looks=looks)
        trainer.progress = display.progress()
        if self.settings.from_ is None:  # a model that was trained before knows something
            trainer.expected_initial_loss = math.log(tokens.tokenizer.vocab_size)
        return trainer

    def _numbers(self, result: Result) -> dict[str, float]:
        """The last numbers of the run: losses in nats per token, and in bits per byte of text."""
        numbers: dict[str, float] = {"steps": result.steps}
        if result.loss is not None:
            numbers["loss"] = result.loss
        if result.validation_loss is not None:
            loss, tokens = result.validation_loss, self.tokens.validation
            numbers |= {"validation_loss": loss, "bits_per_byte": bits_per_byte_of(loss, tokens)}
        return numbers

"""Quickstart: text and tokenizer, pre-training, fine-tuning on dialogues, questions, report.

    result = quickstart(Quickstart(out="runs/first"))

    run.json, stages.json   what the run is, and which of its stages are finished
    pretraining/            a run by itself, as `pretrain` makes it
    tokenizer/, model/, checkpoints/, metrics.jsonl, loss.png   the fine-tuning
    examination.json        every question with its answers, and a conversation
    metrics.json            the shares of right answers, the times and the losses
    report.html             all of it to look at

A stage that is finished is passed over when the run is begun again (`stages.py`).
"""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from minibig.backend import InputError, checks, device
from minibig.data import CORPORA, World
from minibig.dialogue import DialogueBatches, answers_to, dialogue_evaluation_batches
from minibig.evaluation import mean_loss
from minibig.files import command_line, digest, quoted, write_json, write_text
from minibig.generation import stream_text
from minibig.objectives import answer_loss
from minibig.pictures import Phase, draw_phases, reason_not_drawn
from minibig.recipes.display import Display
from minibig.recipes.examination import LANGUAGE_NAMES, Examination, examine, heading, row
from minibig.recipes.folder import (
    RECORD,
    Record,
    check_folder,
    damage_told,
    is_run,
    read_record,
    run_folder,
    write_record,
)
from minibig.recipes.presets import PRESETS
from minibig.recipes.pretraining import PretrainingResult, prepare, pretrain
from minibig.recipes.recipe import takes
from minibig.recipes.report.page import report_page
from minibig.recipes.resuming import check_same_settings
from minibig.recipes.settings import Pretraining, pretraining_of
from minibig.recipes.stages import (
    EXAMINATION,
    FINETUNING,
    PREPARATION,
    PRETRAINING,
    REPORT,
    STAGES,
    Stages,
)
from minibig.recipes.text import bytes_per_token, tokens_of
from minibig.recipes.training_run import run_and_draw, usual_looks
from minibig.settings import Settings, group, setting
from minibig.storage import load
from minibig.storage.tensor_files import check_length
from minibig.tokenizers import Tokenizer, load_tokenizer
from minibig.training import Metrics, Trainer, TrainingSettings

_DIALOGUES_PER_ROW = 3  # so that later turns of a conversation are learned as well as first ones
_SHORTEST_CONTEXT = 96  # holds a question, its answer, and a little of what was said before
_SAMPLE_TOKENS = 32
_PROMPTS = ("The", "This function returns", "If the argument is")


@dataclass(frozen=True, kw_only=True)
class Quickstart(Settings):
    """The settings of the pre-training, and of the fine-tuning that follows it.

    >>> Quickstart(out="runs/first").finetuning.steps
    200
    """

    out: Path = setting(Path("runs/quickstart"), "where the run lives")
    pretraining: Pretraining = group(Pretraining, **PRESETS["quickstart"].to_json())
    finetuning: TrainingSettings = group(
        TrainingSettings,
        steps=200,
        batch_size=16,
        lr=1e-3,
        min_lr=1e-4,
        warmup_steps=10,
        betas=(0.9, 0.95),
        evaluate_every=50,
        checkpoint_every=50,
        sample_every=50,
    )

    @classmethod
    def of_text(cls, data: str, out: Path | str = Path("runs/quickstart")) -> Self:
        """A quickstart that learns a text of the user's instead of the world, and writes."""
        pretraining = PRESETS["quickstart-text"].changed({"data": data})
        return cls(out=Path(out), pretraining=pretraining)


@dataclass(frozen=True)
class QuickstartResult:
    """What a quickstart has come to; `metrics` are those of metrics.json."""

    folder: Path
    model: Any
    tokenizer: Tokenizer
    metrics: dict[str, Any]


@takes(Quickstart)
def quickstart(
    settings: Quickstart,
    *,
    restart: bool = False,
    display: Display = Display(),  # noqa: B008 - a frozen record
    command: Sequence[str] = ("minibig.recipes.quickstart",),
) -> QuickstartResult | PretrainingResult:
    """Begin the run in `settings.out`, or go on with it, to its end, and show what it has come to.

    Raises:  InputError if the settings make no run, or the folder holds another one.
    """
    folder, first = settings.out, settings.pretraining
    if first.data != "world":
        first = first.changed({"out": folder})
        result = pretrain(first, restart=restart, display=display, command=command)
        _write(result, _PROMPTS if first.data in CORPORA else ("\n",) * 3, display)
        return result
    settings = settings.changed({"pretraining": {"out": folder / "pretraining"}})
    _check(settings, restart)
    with run_folder(folder, restart=restart):
        return _run(settings, restart, display, command)


def _write(result: PretrainingResult, prompts: Sequence[str], display: Display) -> None:
    """Let a model that has learned a text write a little."""
    for number, prompt in enumerate(prompts):
        pieces = stream_text(
            result.model, result.tokenizer, prompt, max_new_tokens=60, temperature=0.7, seed=number
        )
        display.say(f"\n{prompt}{''.join(pieces)}")
    display.say(f"\n{result.summary}")


def _run(
    settings: Quickstart, restart: bool, display: Display, command: Sequence[str]
) -> QuickstartResult:
    """All stages, one after the other; those that are finished are passed over."""
    folder, world = settings.out, World()
    _check_same_run(settings)
    stages = Stages(STAGES, folder / "stages.json", display.say)
    stages.run(PREPARATION, lambda: _begin(settings, restart, display, command))
    stages.run(PRETRAINING, lambda: pretrain(settings.pretraining, display=display).seconds)
    stages.run(FINETUNING, lambda: _fine_tune(settings, world, display))
    if _read_examination(folder).model_sha256 != _model_sha256(folder):
        stages.repeat(EXAMINATION, REPORT)
    elif not all((folder / name).exists() for name in ("report.html", "loss.png")):
        stages.repeat(REPORT)
    asked_before = EXAMINATION in stages.seconds
    stages.run(EXAMINATION, lambda: _examine(settings, world, display))
    stages.run(REPORT, lambda: _report(folder, stages, world))
    metrics = _metrics(folder, stages, world)
    write_json(folder / "metrics.json", metrics)
    if asked_before:  # otherwise it stands where the questions were asked
        _show_shares(folder, display)
    _show_conversation(folder, display)
    display.say(f"all stages: {sum(stages.seconds.values()):,.0f} s")
    display.say(f"look at it:   {quoted(folder / 'report.html')}")
    display.say(f"talk with it: {command_line('minibig', 'chat', folder)}")
    return QuickstartResult(folder, load(folder / "model"), load_tokenizer(folder), metrics)


def _check(settings: Quickstart, restart: bool) -> None:
    """Find what can be wrong before the first stage."""
    if settings.pretraining.model.context_length < _SHORTEST_CONTEXT:
        raise InputError(
            f"context_length must be at least {_SHORTEST_CONTEXT} for questions with answers; got "
            f"{settings.pretraining.model.context_length}."
        )
    device(settings.pretraining.device)
    check_folder(settings.out)
    if not restart:
        _check_same_run(settings)


def _check_same_run(settings: Quickstart) -> None:
    folder = settings.out
    if not is_run(folder):
        return
    record = read_record(folder)
    if not record.is_quickstart:
        raise InputError(
            f"{folder} holds a run of another kind, on data = {record.text.name}. Choose another "
            "--out, or begin anew (--restart)."
        )
    with damage_told(folder / RECORD):
        began = quickstart_settings(record)
    check_same_settings(folder, began.pretraining, settings.pretraining)
    check_same_settings(folder, began.finetuning, settings.finetuning)


def quickstart_settings(record: Record) -> Quickstart:
    """The settings of a quickstart that is on record.

    In older versions those of the fine-tuning lay in one row, beside others that had no meaning.
    """
    held = record.settings.get("pretraining")
    first = pretraining_of(checks.instance("pretraining", held, dict))
    second = record.settings.get("finetuning")
    if second is None:
        loop = Quickstart().finetuning.to_json()
        second = {name: value for name, value in record.settings.items() if name in loop}
    return Quickstart().changed({"pretraining": first, "finetuning": second})


def run_settings(folder: Path) -> dict[str, Any]:
    """name -> value of all settings that the run in a folder really has.

    Of a quickstart those of the pre-training that make the model, and those of the fine-tuning.
    The steps of the warm-up are those that were made, also where none were asked for.

    Raises:  StorageError for a record that is damaged.
    """
    record = read_record(folder)
    if record.kind not in ("pretrain", "quickstart"):
        return _in_one_row(record.settings)
    with damage_told(folder / RECORD):
        if record.is_quickstart:
            chosen = quickstart_settings(record)
            first, last = chosen.pretraining, chosen.finetuning
        else:
            first = pretraining_of(record.settings)
            last = first.training
        return {**first.flat(), **last.flat(), "warmup_steps": last.warmup}


def _in_one_row(settings: dict[str, Any]) -> dict[str, Any]:
    """The settings of a recipe that is not known here, without their groups."""
    found: dict[str, Any] = {}
    for name, value in settings.items():
        found |= _in_one_row(value) if isinstance(value, dict) else {name: value}
    return found


def _begin(settings: Quickstart, restart: bool, display: Display, command: Sequence[str]) -> None:
    """Make tokenizer and tokens; after that nothing is wrong, and the run has its record."""
    first = settings.pretraining
    with run_folder(first.folder, restart=restart):
        begun = prepare(first, None, display, command)
    text = read_record(first.folder).text
    settings = settings.changed({"pretraining": begun.settings})
    write_record(settings.out, command, settings, text)


def _fine_tune(settings: Quickstart, world: World, display: Display) -> float:
    """Let the pre-trained model learn the dialogues; returns the seconds of all its parts."""
    folder, training = settings.out, settings.finetuning
    first = folder / "pretraining"
    tokenizer = load_tokenizer(first)
    tokenizer.save(folder / "tokenizer")
    model: Any = load(first / "model", device(settings.pretraining.device))
    sizes = {"batch_size": training.batch_size, "context_length": model.config.context_length}
    batches = DialogueBatches(
        tokenizer,
        world.dialogues(),
        **sizes,
        seed=training.seed,
        dialogues_per_row=_DIALOGUES_PER_ROW,
    )
    held_out = [world.questions(language, "held_out") for language in LANGUAGE_NAMES]
    dialogues = [[turn] for turns in held_out for turn in turns]
    questions = [turns[0][0] for turns in held_out]

    def evaluate() -> dict[str, float]:
        some = dialogue_evaluation_batches(tokenizer, dialogues, **sizes)
        return {"validation_loss": mean_loss(model, answer_loss, some)}

    def sample() -> str:
        answers = answers_to(model, tokenizer, questions, max_new_tokens=_SAMPLE_TOKENS)
        return "\n".join(f"{q} - {a}" for q, a in zip(questions, answers, strict=True))

    looks = usual_looks(training, evaluate, sample)
    trainer = Trainer(model, answer_loss, batches, training, folder, looks=looks)
    trainer.progress = display.progress()
    display.say(f"dialogues: {len(world.dialogues()):,}; the loss looks at the answers only")
    drawn = phases(folder, world)
    draw = functools.partial(draw_phases, drawn, folder / "loss.png")
    return run_and_draw(trainer, draw, display.say).seconds


def phases(folder: Path, world: World) -> list[Phase]:
    """The two trainings of a run, as they are drawn; only the first has a floor that is known."""
    validation = tokens_of(folder / "pretraining").validation
    floor = world.entropy() * bytes_per_token(validation)
    first, second = _logs(folder)
    return [Phase(first, "Pre-training", floor), Phase(second, "Fine-tuning: answers only")]


def _logs(folder: Path) -> tuple[Metrics, Metrics]:
    """What was recorded of the pre-training and of the fine-tuning."""
    return Metrics(folder / "pretraining" / "metrics.jsonl"), Metrics(folder / "metrics.jsonl")


def _examine(settings: Quickstart, world: World, display: Display) -> None:
    folder = settings.out
    model = load(folder / "model", device(settings.pretraining.device))
    found = examine(model, load_tokenizer(folder), world, display.say)
    found = found.changed({"model_sha256": _model_sha256(folder)})
    write_json(folder / "examination.json", found.to_json())


def _model_sha256(folder: Path) -> str:
    weights = folder / "model" / "model.safetensors"
    check_length(weights)
    return digest(weights)


def _read_examination(folder: Path) -> Examination:
    """What `_examine` wrote, or nothing."""
    path = folder / "examination.json"
    return Examination.read(path) if path.exists() else Examination()


def _report(folder: Path, stages: Stages, world: World) -> None:
    metrics = _metrics(folder, stages, world)
    page = report_page(folder, _read_examination(folder), metrics, phases(folder, world))
    write_text(folder / "report.html", page)
    if not (folder / "loss.png").exists():  # somebody has removed it since it was learned
        reason_not_drawn(lambda: draw_phases(phases(folder, world), folder / "loss.png"))


def _metrics(folder: Path, stages: Stages, world: World) -> dict[str, Any]:
    """The numbers of a run: shares from 0 to 1, seconds, and losses in nats."""
    first, second = map(_last_losses, _logs(folder))
    per_token = bytes_per_token(tokens_of(folder / "pretraining").validation)
    floor = world.entropy()
    return {
        "answers": _read_examination(folder).answers,
        "seconds": {**stages.seconds, "total": sum(stages.seconds.values())},
        "losses": {
            "pretraining": {**first, "entropy_floor": floor * per_token},
            "pretraining_per_byte": {
                **{name: loss / per_token for name, loss in first.items()},
                "entropy_floor": floor,
            },
            "finetuning": second,
        },
    }


def _last_losses(metrics: Metrics) -> dict[str, float]:
    latest = metrics.latest()
    names = {"training": "loss", "validation": "validation_loss"}
    return {name: latest[key] for name, key in names.items() if key in latest}


def _show_conversation(folder: Path, display: Display) -> None:
    display.say("\nA conversation:\n")
    for question, reply in _read_examination(folder).conversation:
        display.say(f"  you    {question}\n  model  {reply}\n")


def _show_shares(folder: Path, display: Display) -> None:
    """The table of right answers that `examine` prints while it asks."""
    display.say(f"\n{heading()}")
    for language, shares in _read_examination(folder).answers.items():
        display.say(row(language, shares))

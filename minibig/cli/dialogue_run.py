"""A run that ends in answers: text and tokenizer, pre-training, fine-tuning, questions, report.

run.json, stages.json   what the run is, and which of its stages are finished
pretraining/            a run by itself, as `minibig train` makes it
tokenizer/, model/, checkpoints/, metrics.jsonl, loss.png   the fine-tuning
examination.json        every question with its answers, and a conversation
metrics.json            the shares of right answers, the times and the losses
report.html             all of it to look at
"""

import hashlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from minibig.backend import InputError, device
from minibig.cli.console import say
from minibig.cli.examination import LANGUAGES, examine, heading, row
from minibig.cli.preparation import prepared
from minibig.cli.report import report
from minibig.cli.run_folders import is_run, read_record, tokenizer_of, write_record
from minibig.cli.settings import Settings
from minibig.cli.stages import Stages
from minibig.cli.training_run import (
    begin,
    check_folder,
    check_same_settings,
    nats_per_token,
    run_and_draw,
    train,
    training_settings,
    usual_looks,
    with_full_paths,
)
from minibig.data import World
from minibig.dialogue import DialogueBatches, answers_to, dialogue_evaluation_batches
from minibig.evaluation import mean_loss
from minibig.files.durable import new_file, read_file
from minibig.files.strict_json import MAX_JSON_BYTES, parse_json
from minibig.objectives import answer_loss
from minibig.pictures import Log, Phase, draw_phases
from minibig.storage import load
from minibig.training import Metrics, Trainer, progress_on

PREPARATION, PRETRAINING, FINETUNING = "text and tokenizer", "pre-training", "fine-tuning"
EXAMINATION, REPORT = "questions and answers", "report"
STAGES = (PREPARATION, PRETRAINING, FINETUNING, EXAMINATION, REPORT)

_DIALOGUES_PER_ROW = 3  # so that later turns of a conversation are learned as well as first ones
_SHORTEST_CONTEXT = 96  # holds a question, its answer, and a little of what was said before
_SAMPLE_TOKENS = 32


def learn_to_answer(
    folder: Path, settings: Settings, finetuning: Settings, command: Sequence[str]
) -> None:
    """Begin the run in `folder`, or go on with it, to its end, and show what it has come to.

    `settings` are those of the pre-training, `finetuning` those of the fine-tuning.

    Raises:  InputError if the settings make no run, or the folder holds another one.
    """
    training_settings(finetuning)  # a mistake is better known now than in three minutes
    settings = with_full_paths(settings)
    if settings["context_length"] < _SHORTEST_CONTEXT:
        raise InputError(
            f"context_length must be at least {_SHORTEST_CONTEXT} for questions with answers; got "
            f"{settings['context_length']}."
        )
    _check_same_run(folder, settings, finetuning)
    first, world = folder / "pretraining", World()
    stages = Stages(STAGES, folder / "stages.json")
    stages.run(PREPARATION, lambda: _prepare(folder, settings, finetuning, command))
    stages.run(PRETRAINING, lambda: train(first, settings, command).seconds)
    stages.run(FINETUNING, lambda: _fine_tune(folder, finetuning, world))
    if _examined(folder).get("model_sha256") != _model_hash(folder):
        stages.repeat(EXAMINATION, REPORT)
    stages.run(EXAMINATION, lambda: _examine(folder, world, settings["device"]))
    stages.run(REPORT, lambda: _report(folder, stages, world))
    _write_json(folder / "metrics.json", _metrics(folder, stages, world))
    _show(folder, stages)


def _check_same_run(folder: Path, settings: Settings, finetuning: Settings) -> None:
    check_folder(folder)
    if not is_run(folder):
        return
    began = read_record(folder)["settings"]
    if not isinstance(began.get("pretraining"), dict):
        raise InputError(
            f"{folder} holds a run of another kind, on data = {began.get('data')}. Choose another "
            "--out, or begin anew (--restart)."
        )
    check_same_settings(folder, began["pretraining"], settings)
    check_same_settings(folder, began, finetuning)


def _prepare(
    folder: Path, settings: Settings, finetuning: Settings, command: Sequence[str]
) -> None:
    """Make tokenizer and tokens; after that nothing is wrong, and the run has its record."""
    begin(folder / "pretraining", settings, command)
    text = read_record(folder / "pretraining")["text"]
    write_record(folder, command, {**finetuning, "pretraining": settings}, text)


def _fine_tune(folder: Path, settings: Settings, world: World) -> float:
    """Let the pre-trained model learn the dialogues; returns the seconds of all its parts."""
    first = folder / "pretraining"
    tokenizer = tokenizer_of(first)
    tokenizer.save(folder / "tokenizer")
    model: Any = load(first / "model", device(settings["device"]))
    sizes = {"batch_size": settings["batch_size"], "context_length": model.config.context_length}
    batches = DialogueBatches(
        tokenizer,
        world.dialogues(),
        **sizes,
        seed=settings["seed"],
        dialogues_per_row=_DIALOGUES_PER_ROW,
    )
    held_out = [world.questions(language, "held_out") for language in LANGUAGES]
    dialogues = [[turn] for turns in held_out for turn in turns]
    questions = [turns[0][0] for turns in held_out]

    def evaluate() -> dict[str, float]:
        some = dialogue_evaluation_batches(tokenizer, dialogues, **sizes)
        return {"validation_loss": mean_loss(model, answer_loss, some)}

    def sample() -> str:
        answers = answers_to(model, tokenizer, questions, max_new_tokens=_SAMPLE_TOKENS)
        return "\n".join(f"{q} - {a}" for q, a in zip(questions, answers, strict=True))

    trainer = Trainer(
        model,
        answer_loss,
        batches,
        training_settings(settings),
        folder,
        looks=usual_looks(settings, evaluate, sample),
    )
    trainer.progress = progress_on(sys.stdout)
    say(f"dialogues: {len(world.dialogues()):,}; the loss looks at the answers only")
    drawn = phases(folder, world)
    return run_and_draw(trainer, lambda: draw_phases(drawn, folder / "loss.png")).seconds


def phases(folder: Path, world: World) -> list[Phase]:
    """The two trainings of a run, as they are drawn; only the first has a floor that is known."""
    floor = nats_per_token(world.entropy(), prepared(folder / "pretraining")[2])
    return [
        Phase(Metrics(folder / "pretraining" / "metrics.jsonl"), "Pre-training", floor),
        Phase(Metrics(folder / "metrics.jsonl"), "Fine-tuning: answers only"),
    ]


def _examine(folder: Path, world: World, where: str | None) -> None:
    model = load(folder / "model", device(where))
    found = examine(model, tokenizer_of(folder), world)
    _write_json(folder / "examination.json", {"model_sha256": _model_hash(folder), **found})


def _examined(folder: Path) -> dict[str, Any]:
    """What `_examine` wrote, or nothing."""
    path = folder / "examination.json"
    return parse_json(read_file(path, MAX_JSON_BYTES)) if path.exists() else {}


def _model_hash(folder: Path) -> str:
    return hashlib.sha256((folder / "model" / "model.safetensors").read_bytes()).hexdigest()


def _report(folder: Path, stages: Stages, world: World) -> None:
    metrics = _metrics(folder, stages, world)
    page = report(folder, _examined(folder), metrics, phases(folder, world))
    with new_file(folder / "report.html") as file:
        file.write(page.encode())


def _metrics(folder: Path, stages: Stages, world: World) -> dict[str, Any]:
    """The numbers of a run: shares from 0 to 1, seconds, and losses in nats."""
    first, second = (_latest(phase.metrics) for phase in phases(folder, world))
    validation = prepared(folder / "pretraining")[2]
    per_token = nats_per_token(1.0, validation)
    floor = world.entropy()
    return {
        "answers": _examined(folder)["answers"],
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


def _latest(metrics: Log) -> dict[str, float]:
    """The last losses of a run."""
    latest: dict[str, Any] = {}
    for line in metrics.read():
        latest |= line
    names = {"training": "loss", "validation": "validation_loss"}
    return {name: latest[key] for name, key in names.items() if key in latest}


def _write_json(path: Path, content: dict[str, Any]) -> None:
    with new_file(path) as file:
        file.write(json.dumps(content, indent=1, ensure_ascii=False).encode() + b"\n")


def _show(folder: Path, stages: Stages) -> None:
    """The conversation, the shares, and where the rest is to be found."""
    examined = _examined(folder)
    say("\nA conversation:\n")
    for question, reply in examined["conversation"]:
        say(f"  you    {question}\n  model  {reply}\n")
    say(heading())
    for language, shares in examined["answers"].items():
        say(row(language, shares))
    say(f"\nall stages: {sum(stages.seconds.values()):,.0f} s")
    say(f"look at it:   {folder / 'report.html'}")
    say(f"talk with it: minibig chat {folder}")

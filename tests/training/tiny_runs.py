"""Tiny runs, in this process or in a child, and what is left of them: all of it, byte by byte.

The run has everything that could break a resume: dropout, accumulation, several epochs of two and
a half steps each, samples drawn from a random stream, a schedule, evaluations, several checkpoints.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

import minibig as mb
from minibig.backend import generator
from minibig.data import Batch, Batches, evaluation_batches, token_array
from minibig.evaluation import mean_loss
from minibig.models import GPT, GPTConfig
from minibig.objectives import next_token_loss
from minibig.storage import load_checkpoint
from minibig.training import Interrupted, Look, Metrics, Trainer, TrainingSettings
from minibig.training.metrics import WALL_CLOCK

V, T = 16, 8
STEPS = 20
TESTS = Path(__file__).parent.parent
SETTINGS = {
    "steps": STEPS,
    "batch_size": 2,
    "accumulation": 2,
    "lr": 1e-2,
    "warmup_steps": 3,
    "seed": 5,
    "evaluate_every": 4,
    "checkpoint_every": 3,
    "sample_every": 5,
}


def tokens(n=100, seed=0):
    return token_array(generator(seed, "text").integers(0, V, n), V)


def gpt(dropout=0.2, seed=0):
    mb.manual_seed(seed)
    config = GPTConfig(V, T, n_layers=1, n_heads=2, d_model=8, dropout=dropout)
    return GPT(config)


@dataclass(frozen=True)
class NumberedBatch(Batch):
    number: int = -1


def numbered(batches):
    """The batches as a function of their number, each knowing its number."""

    def batch(number):
        plain = batches.batch(number)
        return NumberedBatch(plain.inputs, plain.targets, number=number)

    return batch


def with_look(run, name, measure):
    """The same run with another function in one of its looks."""
    run.looks = [
        replace(look, measure=measure) if look.name == name else look for look in run.looks
    ]
    return run


def measure_of(run, name):
    return next(look.measure for look in run.looks if look.name == name)


def trainer(folder, *, loss=lambda step, micro_step, loss: loss, dropout=0.2, seed=0, **changes):
    """A run in a folder; `loss` may do something to the loss, or to the world, at any step."""
    settings = TrainingSettings(**{**SETTINGS, **changes})
    model = gpt(dropout, seed)
    batches = Batches(tokens(), batch_size=settings.batch_size, context_length=T, seed=1)
    validation = tokens(40, seed=1)

    def watched(model, batch):
        step, micro_step = divmod(batch.number, settings.accumulation)
        return loss(step, micro_step, next_token_loss(model, batch))

    def sample():
        return str(mb.generate(model, [1, 2], max_new_tokens=6)[0].tolist())

    def evaluate():
        some = evaluation_batches(validation, batch_size=3, context_length=T)
        return {"validation_loss": mean_loss(model, next_token_loss, some)}

    looks = [Look("validation", settings.evaluate_every, evaluate, best="validation_loss")]
    if settings.sample_every:
        looks.append(Look("sample", settings.sample_every, sample))
    return Trainer(model, watched, numbered(batches), settings, folder, looks=looks)


def without_clocks(lines):
    return [{k: v for k, v in line.items() if k not in WALL_CLOCK} for line in lines]


def remains(folder):
    """All that a run leaves, as texts and bytes, apart from the time it took."""
    folder = Path(folder)
    arrays, state = load_checkpoint(folder / "checkpoints")
    del state["run"]["seconds"], state["run"]["spent"]
    state.pop("settings")
    return {
        "arrays": {name: (x.dtype.str, x.shape, x.tobytes()) for name, x in arrays.items()},
        "state": json.dumps(state, sort_keys=True),
        "metrics": json.dumps(without_clocks(Metrics(folder / "metrics.jsonl").read())),
        "model": (folder / "model" / "model.safetensors").read_bytes(),
        "best": (folder / "best" / "model.safetensors").read_bytes(),
    }


def stale_files(folder):
    return [str(path) for path in Path(folder).rglob("*.tmp")]


def child(code, *arguments):
    """A Python process that runs `code` with this module imported as `tiny_runs`."""
    paths = [str(TESTS), str(TESTS.parent), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    program = f"import sys, os, time\nfrom training import tiny_runs\n{code}"
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", program, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


def main(folder, loss=lambda step, micro_step, loss: loss, **changes):
    """What a command line makes of a run: a sentence and an exit status."""
    try:
        trainer(folder, loss=loss, **changes).run()
    except Interrupted as stopped:
        sys.exit(stopped.exit_code)
    except mb.InputError as error:
        print(error, file=sys.stderr)
        sys.exit(1)


def is_finite(folder):
    arrays, _ = load_checkpoint(Path(folder) / "checkpoints")
    return all(np.isfinite(x).all() for x in arrays.values())

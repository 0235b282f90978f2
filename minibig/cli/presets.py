"""Presets: settings that belong together, under a name.

`shakespeare-char` is the small run that nanoGPT documents for a CPU (https://github.com/karpathy/
nanoGPT, "i only have a macbook"). `quickstart` is the pre-training of `minibig quickstart`, and
`quickstart-text` what that makes of a text of the user's. `gpt2-small` has the sizes of the
published GPT-2 of 124 million parameters, for one large GPU.
"""

import difflib

from minibig.backend import InputError
from minibig.cli.settings import Settings

PRESETS: dict[str, Settings] = {
    "shakespeare-char": {
        "tokenizer": "characters",
        "context_length": 64,
        "n_layers": 4,
        "n_heads": 4,
        "d_model": 128,
        "dropout": 0.0,
        "steps": 2000,
        "batch_size": 12,
        "lr": 1e-3,
        "min_lr": 1e-4,
        "warmup_steps": 100,
        "weight_decay": 0.1,
        "betas": [0.9, 0.99],
        "clip": 1.0,
        "evaluate_every": 250,
        "evaluate_batches": 200,
    },
    "quickstart": {
        "data": "world",
        "tokenizer": "bpe-dialogue",
        "vocab_size": 1200,
        "context_length": 128,
        "n_layers": 2,
        "n_heads": 4,
        "d_model": 128,
        "steps": 1000,
        "batch_size": 16,
        "lr": 4e-3,
        "min_lr": 4e-4,
        "warmup_steps": 50,
        "betas": [0.9, 0.95],
        "evaluate_every": 100,
        "evaluate_batches": 10,
        "checkpoint_every": 100,
        "sample_every": 250,
    },
    "quickstart-text": {
        "data": "stdlib",
        "tokenizer": "bpe",
        "vocab_size": 2000,
        "context_length": 128,
        "n_layers": 4,
        "n_heads": 4,
        "d_model": 128,
        "steps": 900,
        "batch_size": 8,
        "lr": 3e-3,
        "min_lr": 3e-4,
        "warmup_steps": 50,
        "evaluate_every": 100,
        "evaluate_batches": 20,
        "checkpoint_every": 100,
        "sample_every": 100,
    },
    "gpt2-small": {
        "tokenizer": "bpe",
        "vocab_size": 50257,
        "context_length": 1024,
        "n_layers": 12,
        "n_heads": 12,
        "d_model": 768,
        "steps": 600_000,
        "batch_size": 12,
        "accumulation": 40,
        "lr": 6e-4,
        "min_lr": 6e-5,
        "warmup_steps": 2000,
        "betas": [0.9, 0.95],
        "evaluate_every": 1000,
        "evaluate_batches": 200,
        "checkpoint_every": 1000,
        "sample_every": 1000,
    },
}

# How `minibig quickstart` goes on after the pre-training, with dialogues.
FINETUNING: Settings = {
    "steps": 200,
    "batch_size": 16,
    "lr": 1e-3,
    "min_lr": 1e-4,
    "warmup_steps": 10,
    "betas": [0.9, 0.95],
    "evaluate_every": 50,
    "checkpoint_every": 50,
    "sample_every": 50,
}


def preset(name: str) -> Settings:
    """The settings of a preset.

    >>> preset("shakespeare-char")["n_layers"]
    4
    >>> preset("shakespeare")
    Traceback (most recent call last):
    minibig.backend.errors.InputError: there is no preset shakespeare; did you mean \
shakespeare-char? There are: shakespeare-char, quickstart, quickstart-text, gpt2-small.
    """
    if name in PRESETS:
        return PRESETS[name]
    near = difflib.get_close_matches(name, PRESETS, n=1, cutoff=0)[0]
    raise InputError(
        f"there is no preset {name}; did you mean {near}? There are: {', '.join(PRESETS)}."
    )

"""Presets: settings that belong together, under a name.

`shakespeare-char` is the small run that nanoGPT documents for a CPU (https://github.com/karpathy/
nanoGPT, "i only have a macbook"), on the text at `settings.SHAKESPEARE`; an evaluation has as many
batches as there, where 20 are of the training part. `quickstart` is the pre-training of a
quickstart, and `quickstart-text` what that makes of a text of the user's. `gpt2-small` has the
sizes of the published GPT-2 of 124 million parameters, for one large GPU.
"""

from minibig.recipes.settings import Pretraining

PRESETS: dict[str, Pretraining] = {
    "shakespeare-char": Pretraining.of(
        {
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
            "evaluate_batches": 40,
        }
    ),
    "quickstart": Pretraining.of(
        {
            "data": "world",
            "tokenizer": "bpe-dialogue",
            "vocab_size": 1200,
            "context_length": 128,
            "n_layers": 2,
            "n_heads": 4,
            "d_model": 128,
            "optimizer": "muon",
            "steps": 600,
            "batch_size": 16,
            "lr": 8e-3,
            "min_lr": 4e-4,
            "warmup_steps": 50,
            "betas": [0.9, 0.95],
            "evaluate_every": 100,
            "evaluate_batches": 10,
            "checkpoint_every": 100,
            "sample_every": 200,
        }
    ),
    "quickstart-text": Pretraining.of(
        {
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
        }
    ),
    "gpt2-small": Pretraining.of(
        {
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
        }
    ),
}

import pytest

from minibig.models import GPTConfig
from minibig.recipes import PRESETS, Pretraining


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_makes_a_model_and_survives_json(name):
    preset = PRESETS[name]
    assert GPTConfig(vocab_size=preset.vocab_size, **preset.model.to_json())
    assert Pretraining.of(preset.to_json()) == preset


def test_shakespeare_char_is_the_documented_run():
    settings = PRESETS["shakespeare-char"].flat()
    documented = {
        "tokenizer": "characters",
        "validation_fraction": 0.1,
        "n_layers": 4,
        "n_heads": 4,
        "d_model": 128,
        "context_length": 64,
        "batch_size": 12,
        "accumulation": 1,
        "steps": 2000,
        "betas": (0.9, 0.99),
        "lr": 1e-3,
        "min_lr": 1e-4,
        "schedule": "cosine",
        "warmup_steps": 100,
        "weight_decay": 0.1,
        "clip": 1.0,
        "dropout": 0.0,
        "evaluate_every": 250,
    }
    assert {name: settings[name] for name in documented} == documented

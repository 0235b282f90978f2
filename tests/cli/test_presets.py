import pytest

from minibig.backend import InputError
from minibig.cli.presets import PRESETS, preset
from minibig.cli.settings import merged
from minibig.models import GPTConfig
from minibig.training import TrainingSettings


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_makes_a_model_and_a_run(name):
    settings = merged(preset(name))
    GPTConfig(
        vocab_size=settings["vocab_size"],
        **{n: settings[n] for n in ("context_length", "n_layers", "n_heads", "d_model", "dropout")},
    )
    TrainingSettings(
        **{n: settings[n] for n in TrainingSettings(steps=1, batch_size=1, lr=1.0).to_json()}
    )


def test_shakespeare_char_is_the_documented_run():
    settings = merged(preset("shakespeare-char"))
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
        "betas": [0.9, 0.99],
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


@pytest.mark.parametrize("name", ["shakespear", "", "GPT2"])
def test_an_unknown_preset_is_refused_with_those_there_are(name):
    with pytest.raises(InputError, match=r"there is no preset .*did you mean") as caught:
        preset(name)
    assert all(known in str(caught.value) for known in PRESETS)

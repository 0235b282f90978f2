"""A name that a package lacks is answered with the nearest one that it has."""

import pytest

import minibig as mb


@pytest.mark.parametrize(
    ("package", "name", "near"),
    [
        ("recipes", "Pretrainig", "Pretraining"),
        ("recipes", "TrainingSetting", "TrainingSettings"),
        ("training", "Traner", "Trainer"),
        ("data", "Batchs", "Batches"),
        ("optim", "Adafacto", "Adafactor"),
        ("tokenizers", "load_tokeniser", "load_tokenizer"),
        ("models", "GPTconfig", "GPTConfig"),
    ],
)
def test_the_nearest_name_is_named(package, name, near):
    with pytest.raises(AttributeError, match=f"has no attribute '{name}'. Did you mean {near}"):
        getattr(getattr(mb, package), name)


def test_a_name_that_is_far_from_all_gets_no_advice():
    with pytest.raises(AttributeError, match=r"has no attribute 'zzzz'\.$"):
        mb.optim.zzzz  # noqa: B018

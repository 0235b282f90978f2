"""The control: the same numbers in other places, for as long as it is asked."""

import numpy as np
import pytest

from minibig.evaluation import shuffled_weights
from minibig.models import GPT, GPTConfig


@pytest.fixture
def model():
    return GPT(GPTConfig(9, 8, n_layers=1, n_heads=2, d_model=8))


def values(model):
    return {name: x.numpy().copy() for name, x in model.state_dict().items()}


def test_every_tensor_keeps_its_numbers_and_loses_their_places(model):
    before = values(model)
    with shuffled_weights(model):
        inside = values(model)
    for name, x in before.items():
        np.testing.assert_array_equal(np.sort(inside[name], axis=None), np.sort(x, axis=None))
        if len(np.unique(x)) > 3:
            assert (inside[name] != x).mean() > 0.5, name


def test_equal_tensors_are_shuffled_differently(model):
    one, other = model.position_embedding.weight, model.blocks[0].attention.output.weight
    same = np.arange(64, dtype="float32").reshape(8, 8)
    one.assign(same)
    other.assign(same)
    with shuffled_weights(model):
        assert not np.array_equal(one.numpy(), other.numpy())


def test_the_seed_decides(model):
    inside = []
    for seed in (1, 1, 2):
        with shuffled_weights(model, seed):
            inside.append(values(model)["token_embedding.weight"])
    assert np.array_equal(inside[0], inside[1])
    assert not np.array_equal(inside[0], inside[2])


def test_the_weights_come_back_also_after_an_error(model):
    before = values(model)
    with pytest.raises(KeyError), shuffled_weights(model):
        raise KeyError
    after = values(model)
    assert all(np.array_equal(after[name], x) for name, x in before.items())


def test_the_places_are_the_same_on_every_device(model, device):
    with shuffled_weights(model):
        expected = values(model)
    model.to(device)
    with shuffled_weights(model):
        found = values(model)
    assert all(np.array_equal(found[name], x) for name, x in expected.items())

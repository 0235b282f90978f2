"""Evaluation: no dropout, nothing recorded, and every module is as it was afterwards."""

import pytest
from training.tiny_runs import gpt

from minibig.nn import evaluating


def test_looking_leaves_every_module_in_its_mode_and_records_nothing():
    model = gpt()
    model.blocks[0].eval()
    before = [module.training for _, module in model.named_modules()]
    with pytest.raises(KeyError), evaluating(model):
        assert not any(module.training for _, module in model.named_modules())
        assert not model([[1, 2]]).requires_grad
        raise KeyError
    assert [module.training for _, module in model.named_modules()] == before
    assert model([[1, 2]]).requires_grad

"""Evaluation: no dropout, nothing recorded, and every module is as it was afterwards."""

import numpy as np
import pytest
from training.tiny_runs import gpt

import minibig as mb
from minibig.nn import Dropout, Linear, Sequential, evaluating


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


def test_modes_come_back_after_an_error_and_recording_too():
    model = Sequential(Linear(2, 2), Dropout(0.5))
    with pytest.raises(KeyError), evaluating(model):
        raise KeyError
    assert model[1].training and model(mb.ones((1, 2))).requires_grad


def test_an_evaluation_in_a_training_step_does_not_move_the_masks_that_follow():
    def masks(look):
        model = Sequential(Dropout(0.5)).train()
        if look:
            with evaluating(model):
                model(mb.ones((4, 64)))
        return model(mb.ones((4, 64))).numpy()

    with mb.backend.training_step(1):
        first = masks(False)
    with mb.backend.training_step(1):
        assert np.array_equal(first, masks(True))

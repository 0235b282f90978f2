"""Evaluation: no dropout, nothing recorded, and every module is as it was afterwards."""

import sys

import numpy as np
import pytest
from training.tiny_runs import gpt

import minibig as mb
from minibig.evaluation import shuffled_weights
from minibig.nn import Dropout, Linear, Sequential, captured, evaluating, without_values
from minibig.nn.module import captures
from minibig.nn.placeholders import values_are_left_out


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


def state_of(model):
    return (
        [module.training for module in model.modules()],
        mb.tensor([1.0], requires_grad=True).exp().requires_grad,
        captures.under_way,
        values_are_left_out(),
        [parameter.tolist() for parameter in model.parameters()],
    )


CONTEXTS = {
    "evaluating": evaluating,
    "captured": lambda model: captured(model, Linear),
    "without_values": lambda model: without_values(at_most=3),
    "shuffled_weights": shuffled_weights,
}


@pytest.mark.parametrize("make", CONTEXTS.values(), ids=CONTEXTS)
def test_an_interrupt_after_any_call_while_a_block_is_entered_changes_nothing(make):
    model = Sequential(Linear(2, 2), Dropout(0.5))
    before = state_of(model)
    for number in range(1, 10_000):
        context, entering, left = make(model), type(make(model)).__enter__.__code__, [number]

        def interrupt(frame, event, _, entering=entering, left=left):
            """Raise at call number `number` that ends within __enter__ itself."""
            if event == "c_return" and frame.f_code is entering:
                left[0] -= 1
                if left[0] == 0:
                    sys.setprofile(None)
                    raise KeyboardInterrupt

        sys.setprofile(interrupt)
        try:
            context.__enter__()
        except KeyboardInterrupt:
            assert state_of(model) == before
            continue
        finally:
            sys.setprofile(None)
        context.__exit__(None, None, None)
        break
    assert state_of(model) == before


@pytest.mark.parametrize("make", CONTEXTS.values(), ids=CONTEXTS)
def test_one_context_serves_again_and_as_a_decorator(make):
    model = Sequential(Linear(2, 2), Dropout(0.5))
    before, context = state_of(model), make(model)
    for _ in range(2):
        with context:
            assert state_of(model) != before
        assert state_of(model) == before
    assert context(lambda: state_of(model))() != before
    assert state_of(model) == before


@pytest.mark.parametrize("make", [evaluating, shuffled_weights, lambda m: captured(m, "x")])
@pytest.mark.parametrize("model", [None, Linear, [], {}])
def test_only_modules_have_modes_weights_and_layers(make, model):
    with pytest.raises(mb.InputError, match="model must be of type Module"):
        make(model)

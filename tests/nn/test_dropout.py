import numpy as np
import pytest

import minibig as mb
from minibig.backend import training_step
from minibig.nn import (
    Dropout,
    FeedForward,
    Linear,
    Module,
    MultiHeadAttention,
    PreNormBlock,
    Sequential,
)


def masks(model, step, first_example=0, batch=4):
    with training_step(step, first_example=first_example):
        return model(mb.ones((batch, 64))).numpy()


def test_the_share_of_zeros_is_p_and_the_mean_stays():
    y = Dropout(0.25)(mb.ones((100, 1000))).numpy()
    assert abs((y == 0).mean() - 0.25) < 0.01
    assert abs(y.mean() - 1) < 0.01
    assert np.allclose(y[y > 0], 1 / 0.75)


def test_it_is_the_identity_in_evaluation_and_without_a_probability():
    x = mb.ones((2, 3))
    assert Dropout(0.5).eval()(x) is x
    assert Dropout(0.0)(x) is x


def test_the_same_step_gives_the_same_mask_and_another_step_another():
    layer = Dropout(0.5)
    assert (masks(layer, 3) == masks(layer, 3)).all()
    assert (masks(layer, 3) != masks(layer, 4)).any()


def test_modules_at_different_paths_and_repeated_calls_draw_different_masks():
    class Twice(Module):
        def __init__(self):
            self.a, self.b = Dropout(0.5), Dropout(0.5)

        def forward(self, x):
            return mb.stack([self.a(x), self.b(x), self.a(x)])

    a, b, again = masks(Twice(), 0)
    assert (a != b).any() and (a != again).any()


def test_a_mask_depends_on_the_global_number_of_the_example_only():
    layer = Dropout(0.5)
    whole = masks(layer, 0, batch=8)
    assert (masks(layer, 0, first_example=5, batch=3) == whole[5:]).all()


def test_a_fresh_model_draws_the_masks_of_its_twin():
    def build():
        return Sequential(Dropout(0.5), Sequential(Dropout(0.5)))

    twin = build()
    masks(twin[1], 0)  # a call from elsewhere does not change what follows
    assert (masks(build(), 7) == masks(twin, 7)).all()


def test_checkpointing_draws_the_same_masks_again():
    x = mb.tensor(np.random.default_rng(0).standard_normal((4, 64)), requires_grad=True)
    layer = Sequential(Dropout(0.5), Dropout(0.5))
    with training_step(1):
        plain = mb.grad(lambda x: layer(x).sum())(x)
    with training_step(1):
        recomputed = mb.grad(lambda x: mb.checkpoint(layer, x).sum())(x)
    assert (plain.numpy() == recomputed.numpy()).all()


class Checkpointed(Module):
    """Two blocks with dropout, each recomputed in the backward pass."""

    def __init__(self, block, recompute):
        self.first, self.second, self.recompute = block(), block(), recompute

    def forward(self, x):
        for block in (self.first, self.second):
            x = mb.checkpoint(block, x) if self.recompute else block(x)
        return x


def layer():
    return Sequential(Linear(64, 64), Dropout(0.5), Sequential(Dropout(0.25)))


def transformer_block():
    attention = MultiHeadAttention(64, 2, dropout=0.5)
    return PreNormBlock(attention, FeedForward(64, 64), dropout=0.5)


@pytest.mark.parametrize("block", [layer, transformer_block])
@pytest.mark.parametrize("prepared", [True, False])
def test_checkpoints_below_the_root_of_a_training_give_the_gradients_of_the_plain_model(
    block, prepared
):
    x = mb.tensor(np.random.default_rng(0).standard_normal((4, 3, 64)).astype("float32"))
    gradients = []
    for recompute in (False, True):
        mb.manual_seed(0)
        model = Checkpointed(block, recompute)
        model = model.train() if prepared else model
        with training_step(3):
            loss = (model(x) ** 2).sum()
        loss.backward()
        gradients.append([p.grad.numpy() for p in model.parameters()])
    assert all((a == b).all() for a, b in zip(*gradients, strict=True))


def test_stages_that_are_called_by_themselves_draw_the_masks_of_the_whole():
    whole = Sequential(*(Dropout(0.5) for _ in range(4))).train()
    x = mb.ones((4, 64))
    with training_step(5):
        expected = whole(x).numpy()
    first, second = Sequential(whole[0], whole[1]), Sequential(whole[2], whole[3])
    with training_step(5):
        x = first(x)
    with training_step(5):
        assert (second(x).numpy() == expected).all()


def test_a_part_that_is_put_into_training_by_itself_keeps_its_masks():
    whole = Sequential(Linear(64, 64), Sequential(Dropout(0.5))).train()
    expected = masks(whole, 2)
    whole[1].train()
    assert (masks(whole, 2) == expected).all()


def test_layers_of_a_model_that_was_never_put_into_training_draw_different_masks():
    model = Sequential(Dropout(0.5), Dropout(0.5))
    assert (masks(model, 0) == masks(Sequential(Dropout(0.5), Dropout(0.5)).train(), 0)).all()
    assert model[0].path != model[1].path


def test_a_layer_that_comes_later_draws_the_masks_of_its_place():
    def build(later):
        model = Sequential(Dropout(0.25), Identity() if later else Sequential(Dropout(0.5)))
        model.train()
        if later:
            setattr(model, "1", Sequential(Dropout(0.5)))
        return model

    assert (masks(build(True), 0) == masks(build(False), 0)).all()


class Identity(Module):
    def forward(self, x):
        return x


@pytest.mark.parametrize("p", [1.0, -0.1, float("nan"), True, "0.5", None])
def test_a_probability_outside_its_range_is_refused(p):
    with pytest.raises(mb.InputError, match="p must be a number of at least 0 and below 1"):
        Dropout(p)


def test_the_flag_of_a_submodule_decides():
    model = Sequential(Linear(64, 64), Dropout(0.5))
    model[1].eval()
    assert (masks(model, 0) == masks(model, 1)).all()

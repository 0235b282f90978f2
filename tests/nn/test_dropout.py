import numpy as np
import pytest

import minibig as mb
from minibig.backend import training_step
from minibig.nn import Dropout, Linear, Module, Sequential


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


@pytest.mark.parametrize("p", [1.0, -0.1, float("nan"), True, "0.5", None])
def test_a_probability_outside_its_range_is_refused(p):
    with pytest.raises(mb.InputError, match=r"p must lie in \[0, 1\)"):
        Dropout(p)


def test_the_flag_of_a_submodule_decides():
    model = Sequential(Linear(64, 64), Dropout(0.5))
    model[1].eval()
    assert (masks(model, 0) == masks(model, 1)).all()

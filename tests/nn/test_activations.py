import numpy as np
import pytest

import minibig as mb
from minibig.nn import (
    ACTIVATIONS,
    ELU,
    GELU,
    FeedForward,
    LeakyReLU,
    ReLU,
    Sigmoid,
    SiLU,
    Tanh,
    activation,
)


def test_every_name_leads_to_the_operation_of_that_name():
    assert {name: getattr(mb, name) for name in ACTIVATIONS} == ACTIVATIONS
    assert activation("gelu_tanh") is mb.gelu_tanh


@pytest.mark.parametrize("name", ["GELU", "", None])
def test_an_unknown_name_is_refused_with_the_known_ones(name):
    with pytest.raises(mb.InputError, match="must be one of relu, leaky_relu, elu, gelu,"):
        activation(name)


@pytest.mark.parametrize(
    ("layer", "name"),
    [
        (ReLU, "relu"),
        (LeakyReLU, "leaky_relu"),
        (ELU, "elu"),
        (GELU, "gelu"),
        (SiLU, "silu"),
        (Tanh, "tanh"),
        (Sigmoid, "sigmoid"),
    ],
)
def test_a_layer_is_its_function(layer, name):
    x = mb.tensor(np.linspace(-5, 5, 50))
    assert (layer()(x).numpy() == ACTIVATIONS[name](x).numpy()).all()


@pytest.mark.parametrize("layer", [LeakyReLU, ELU])
@pytest.mark.parametrize("number", [0, 0.3, 2])
def test_the_number_of_a_layer_shapes_what_lies_left_of_0(layer, number):
    x = np.linspace(-5, 5, 50)
    left = number * (x if layer is LeakyReLU else np.expm1(x))
    y = layer(number)(mb.tensor(x)).numpy()
    np.testing.assert_allclose(y, np.where(x > 0, x, left), rtol=1e-15)
    assert str(layer(number)) == f"{layer.__name__}({float(number)})"


@pytest.mark.parametrize(("layer", "name"), [(LeakyReLU, "slope"), (ELU, "alpha")])
@pytest.mark.parametrize("number", [-0.1, float("nan"), float("inf"), "0.1", True, None])
def test_what_is_no_such_number_is_refused(layer, name, number):
    with pytest.raises(mb.InputError, match=f"{name} must be a number of at least 0; got "):
        layer(number)


@pytest.mark.parametrize("name", ["leaky_relu", "elu"])
def test_a_feed_forward_layer_takes_them_by_name(name):
    layer, x = FeedForward(3, 5, activation(name)), np.linspace(-3, 3, 6).reshape(2, 3)
    hidden = x @ layer.up.weight.numpy()
    left = 0.01 * hidden if name == "leaky_relu" else np.expm1(hidden)
    y = np.where(hidden > 0, hidden, left) @ layer.down.weight.numpy()
    np.testing.assert_allclose(layer(x.astype("float32")).numpy(), y, atol=1e-5)

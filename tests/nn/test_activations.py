import numpy as np
import pytest

import minibig as mb
from minibig.nn import ACTIVATIONS, GELU, ReLU, Sigmoid, SiLU, Tanh, activation


def test_every_name_leads_to_the_operation_of_that_name():
    assert {name: getattr(mb, name) for name in ACTIVATIONS} == ACTIVATIONS
    assert activation("gelu_tanh") is mb.gelu_tanh


@pytest.mark.parametrize("name", ["GELU", "", None])
def test_an_unknown_name_is_refused_with_the_known_ones(name):
    with pytest.raises(mb.InputError, match="Use one of relu, gelu,"):
        activation(name)


@pytest.mark.parametrize(
    ("layer", "name"),
    [(ReLU, "relu"), (GELU, "gelu"), (SiLU, "silu"), (Tanh, "tanh"), (Sigmoid, "sigmoid")],
)
def test_a_layer_is_its_function(layer, name):
    x = mb.tensor(np.linspace(-5, 5, 50))
    assert (layer()(x).numpy() == ACTIVATIONS[name](x).numpy()).all()

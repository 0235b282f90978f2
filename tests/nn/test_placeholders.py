import time
import tracemalloc

import numpy as np
import pytest

import minibig as mb
from minibig.backend import random_state
from minibig.models import GPT, GPTConfig
from minibig.nn import (
    CrossAttention,
    Embedding,
    FeedForward,
    LayerNorm,
    Linear,
    RMSNorm,
    Sequential,
    without_values,
)
from minibig.nn.placeholders import is_placeholder

TINY = GPTConfig(11, context_length=8, n_layers=2, n_heads=2, d_model=8)


def test_a_model_of_the_size_of_gpt_2_is_counted_in_no_time_and_no_memory():
    tracemalloc.start()
    begin = time.perf_counter()
    with without_values():
        model = GPT(GPTConfig(50257))
    n, seconds = model.n_parameters, time.perf_counter() - begin
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert n == 124_439_808
    assert seconds < 1 and peak < 5e6


def test_nothing_is_drawn_and_names_and_shapes_are_those_of_the_model():
    before = random_state()
    with without_values():
        model = GPT(TINY)
    assert random_state() == before
    shapes = lambda m: {n: (v.shape, v.dtype) for n, v in m.state_dict().items()}
    assert shapes(model) == shapes(GPT(TINY))


def test_a_model_without_values_gives_nan_and_never_a_number_that_looks_right():
    with without_values():
        model = GPT(TINY)
    assert np.isnan(model([[1, 2]]).numpy()).all()


def test_loading_gives_values_that_are_the_models_own():
    source = GPT(TINY)
    with without_values():
        model = GPT(TINY)
    model.load_state_dict(source.state_dict())
    assert (model([[1, 2]]).numpy() == source([[1, 2]]).numpy()).all()
    assert not any(is_placeholder(p.data) for p in model.parameters())
    model.token_embedding.weight.assign(model.token_embedding.weight * 0.0)
    assert abs(source.token_embedding.weight.numpy()).max() > 0
    model([[1, 2]]).sum().backward()
    assert all(p.grad is not None for p in model.parameters())


@pytest.mark.parametrize(
    "build",
    [
        lambda: Linear(30, 20),
        lambda: Embedding(30, 20),
        lambda: Sequential(LayerNorm(30), RMSNorm(30)),
        lambda: FeedForward(10, 20),
        lambda: CrossAttention(8, 2),
    ],
)
def test_every_layer_can_be_built_without_values(build):
    with without_values():
        layer = build()
    assert all(is_placeholder(p.data) for p in layer.parameters())
    layer.to("float64")
    assert all(is_placeholder(p.data) and p.dtype == np.float64 for p in layer.parameters())
    assert not any(is_placeholder(p.data) for p in build().parameters())


def test_the_block_ends_with_an_error_too_and_can_be_nested():
    with pytest.raises(KeyError), without_values():
        with without_values():
            pass
        assert is_placeholder(Linear(2, 3).weight.data)
        raise KeyError
    assert not is_placeholder(Linear(2, 3).weight.data)


def test_a_frozen_parameter_takes_values_as_well():
    with without_values():
        layer = Linear(2, 3)
    layer.weight.requires_grad = False
    layer.weight.assign(mb.ones((2, 3)))
    assert layer.weight.tolist() == [[1, 1, 1], [1, 1, 1]]
    with without_values():
        layer = Linear(2, 3)
    layer.weight.requires_grad = False
    layer.weight.requires_grad = True
    layer.weight.assign(mb.ones((2, 3)))
    assert layer.weight.tolist() == [[1, 1, 1], [1, 1, 1]]


def test_no_layer_allocates_what_it_is_built_without():
    tracemalloc.start()
    try:
        with mb.nn.without_values():
            layers = mb.nn.Linear(10**9, 10**9), mb.nn.LayerNorm(10**9), mb.nn.RMSNorm(10**9)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()
    assert layers[1].bias.shape == (10**9,)


def test_the_number_of_parameters_can_be_limited():
    with mb.nn.without_values(at_most=3):
        mb.nn.Linear(2, 2)
        with mb.nn.without_values(at_most=1), pytest.raises(mb.InputError, match="more than 1 par"):
            mb.nn.Linear(2, 2)
        with pytest.raises(mb.InputError, match="there are more than 3 parameter tensors"):
            mb.nn.Linear(2, 2)
    mb.nn.Linear(2, 2)


def test_a_model_without_values_moves_to_another_device_and_is_loaded_there(device):
    source = Linear(3, 2)
    with without_values():
        layer = Linear(3, 2)
    layer.to(device)
    assert layer.device == mb.device(device) and is_placeholder(layer.weight.data)
    layer.load_state_dict(source.state_dict())
    assert layer.device == mb.device(device)
    assert layer.weight.tolist() == source.weight.tolist()


def test_a_model_can_be_built_for_a_device_without_values(device, monkeypatch):
    monkeypatch.setenv("MINIBIG_DEVICE", device)
    with without_values():
        layer = Linear(3, 2)
    assert layer.device == mb.device(device) and layer.n_parameters == 8

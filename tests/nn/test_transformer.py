import math

import numpy as np
import pytest

import minibig as mb
from minibig.backend import training_step
from minibig.nn import (
    FeedForward,
    KeyValueCache,
    Linear,
    Module,
    MultiHeadAttention,
    PostNormBlock,
    PreNormBlock,
    RMSNorm,
)


def random(*shape):
    return np.random.default_rng(shape).standard_normal(shape).astype("float32")


def build(kind, n_heads=2, dropout=0.0, causal=False):
    attention = MultiHeadAttention(8, n_heads, dropout=dropout, causal=causal)
    activation = mb.gelu_tanh if kind is PreNormBlock else mb.relu
    return kind(attention, FeedForward(8, 12, activation), dropout=dropout)


def normed(x, norm):
    """Layer normalization in plain loops over positions."""
    y = np.empty(x.shape)
    for index in np.ndindex(x.shape[:-1]):
        mean = sum(x[index]) / len(x[index])
        variance = sum((x[index] - mean) ** 2) / len(x[index])
        y[index] = (x[index] - mean) / math.sqrt(variance + norm.eps)
    return y * norm.weight.numpy() + norm.bias.numpy()


def fed(x, layer, activation):
    hidden = x @ layer.up.weight.numpy() + layer.up.bias.numpy()
    hidden = np.vectorize(activation)(hidden)
    return hidden @ layer.down.weight.numpy() + layer.down.bias.numpy()


def gelu_tanh(x):
    return x / 2 * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def relu(x):
    return max(0.0, x)


def test_the_network_of_a_block_works_on_each_position_alone():
    layer, x = FeedForward(8, 12), random(2, 5, 8)
    expected = fed(x, layer, gelu_tanh)
    np.testing.assert_allclose(layer(mb.tensor(x)).numpy(), expected, atol=1e-5)
    alone = layer(mb.tensor(x[1, 3])).numpy()
    np.testing.assert_allclose(alone, expected[1, 3], atol=1e-5)


def test_an_activation_may_be_a_function_or_a_layer():
    layer, x = FeedForward(8, 12, mb.relu), mb.tensor(random(2, 5, 8))
    twin = FeedForward(8, 12, mb.nn.ReLU())
    twin.load_state_dict(layer.state_dict())
    np.testing.assert_allclose(twin(x).numpy(), layer(x).numpy(), atol=1e-6)
    assert repr(layer).startswith("FeedForward(\n  relu\n  up: ")
    assert repr(twin).count("ReLU") == 1


def test_a_pre_norm_block_adds_to_what_is_there():
    block, x = build(PreNormBlock, causal=True), random(2, 5, 8)
    attended = block.attention(mb.tensor(normed(x, block.attention_norm).astype("float32")))
    middle = x + attended.numpy()
    expected = middle + fed(normed(middle, block.feed_forward_norm), block.feed_forward, gelu_tanh)
    np.testing.assert_allclose(block(mb.tensor(x)).numpy(), expected, atol=1e-5)


def test_a_post_norm_block_normalizes_each_sum():
    block, x = build(PostNormBlock), random(2, 5, 8)
    middle = normed(x + block.attention(mb.tensor(x)).numpy(), block.attention_norm)
    expected = normed(middle + fed(middle, block.feed_forward, relu), block.feed_forward_norm)
    np.testing.assert_allclose(block(mb.tensor(x)).numpy(), expected, atol=1e-5)


@pytest.mark.parametrize("block", [PreNormBlock, PostNormBlock])
def test_a_block_with_a_cache_gives_what_it_gives_without(block):
    layer = build(block, causal=True)
    x, cache = random(2, 6, 8), KeyValueCache(2, 2, 4)
    with mb.no_grad():
        first = layer(mb.tensor(x[:, :4]), cache=cache).numpy()
        second = layer(mb.tensor(x[:, 4:]), cache=cache).numpy()
    whole = layer(mb.tensor(x)).numpy()
    np.testing.assert_allclose(np.concatenate([first, second], axis=1), whole, atol=1e-5)


@pytest.mark.parametrize("block", [PreNormBlock, PostNormBlock])
def test_dropout_acts_while_learning_only_and_the_same_step_repeats(block):
    layer, x = build(block, dropout=0.3), mb.tensor(random(2, 5, 8))

    def at(step):
        with training_step(step):
            return layer(x).numpy()

    assert (at(1) == at(1)).all() and (at(1) != at(2)).any()
    layer.eval()
    assert (at(1) == at(2)).all()


@pytest.mark.parametrize("block", [PreNormBlock, PostNormBlock])
def test_what_does_not_fit_is_refused(block):
    with pytest.raises(mb.InputError, match="n_heads must divide d_model"):
        build(block, n_heads=3)
    with pytest.raises(mb.InputError, match="attention must be a layer that says its width"):
        block(768, 12)
    with pytest.raises(mb.InputError, match="feed_forward must be of type Module"):
        block(MultiHeadAttention(8, 2), mb.relu)
    with pytest.raises(mb.InputError, match="dropout probability"):
        build(block, dropout=-1)
    with pytest.raises(mb.InputError, match=r"must have shape \(B, T, D\)|weight must have"):
        build(block)(mb.ones((1, 5, 4)))
    with pytest.raises(mb.InputError, match="activation must be a function; got 'relu'"):
        FeedForward(8, 12, activation="relu")


@pytest.mark.parametrize("kind", [PreNormBlock, PostNormBlock])
def test_a_block_is_made_of_the_parts_that_it_is_given(kind):
    class Mean(Module):
        """Attention that looks everywhere alike."""

        d_model = 8

        def forward(self, x, bias=None, cache=None):
            return x * 0 + x.mean(axis=1, keepdims=True)

    attention, network = Mean(), Linear(8, 8)
    block = kind(attention, network, norm=lambda d: RMSNorm(d, eps=1e-3))
    assert block.attention is attention and block.feed_forward is network
    assert block.attention_norm.eps == block.feed_forward_norm.eps == 1e-3
    x = mb.tensor(random(2, 5, 8))
    if kind is PreNormBlock:
        middle = x + attention(block.attention_norm(x))
        expected = middle + network(block.feed_forward_norm(middle))
    else:
        middle = block.attention_norm(x + attention(x))
        expected = block.feed_forward_norm(middle + network(middle))
    assert (block(x).numpy() == expected.numpy()).all()

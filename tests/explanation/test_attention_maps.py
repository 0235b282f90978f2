"""Attention maps: the weights that the model really uses, and which heads are sharp."""

import numpy as np
import pytest

import minibig as mb
from minibig.explanation import attention_maps, sharpest_heads
from minibig.models import GPT, GPTConfig
from minibig.nn import FeedForward, MultiHeadAttention

V, T, L, H, D = 12, 9, 2, 2, 8
IDS = [3, 1, 4, 1, 5, 9]


@pytest.fixture
def model():
    model = GPT(GPTConfig(V, T, n_layers=L, n_heads=H, d_model=D, dropout=0.5))
    for parameter in model.parameters():
        parameter.assign(parameter * 8)
    return model


def reference(model, ids):
    """Every weight by plain loops in float64, from the formulas of the Transformer."""
    state = {name: x.numpy().astype("float64") for name, x in model.state_dict().items()}

    def norm(x, name):
        y = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)
        return y * state[name + ".weight"] + state[name + ".bias"]

    def linear(x, name):
        return x @ state[name + ".weight"] + state[name + ".bias"]

    def gelu(x):
        return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))

    h = state["token_embedding.weight"][ids] + state["position_embedding.weight"][: len(ids)]
    maps = np.zeros((L, H, len(ids), len(ids)))
    for i in range(L):
        block = f"blocks.{i}."
        q, k, v = np.split(linear(norm(h, block + "attention_norm"), block + "attention.qkv"), 3, 1)
        heads = []
        for head in range(H):
            part = slice(head * D // H, (head + 1) * D // H)
            for t in range(len(ids)):
                scores = np.array([q[t, part] @ k[s, part] for s in range(t + 1)])
                e = np.exp((scores - scores.max()) / np.sqrt(D / H))
                maps[i, head, t, : t + 1] = e / e.sum()
            heads.append(maps[i, head] @ v[:, part])
        h = h + linear(np.concatenate(heads, 1), block + "attention.output")
        up = gelu(linear(norm(h, block + "feed_forward_norm"), block + "feed_forward.up"))
        h = h + linear(up, block + "feed_forward.down")
    return maps


def test_the_weights_are_those_of_the_formulas(model):
    found = attention_maps(model, IDS)
    assert found.shape == (L, H, len(IDS), len(IDS))
    np.testing.assert_allclose(found, reference(model, IDS), atol=2e-5)
    assert found.std() > 0.1, "a test on uniform weights would say little"


def test_each_row_is_a_distribution_over_what_came_before(model):
    maps = attention_maps(model, IDS)
    np.testing.assert_allclose(maps.sum(axis=-1), 1, rtol=1e-5)
    assert (np.triu(maps, 1) == 0).all()


def test_looking_leaves_the_model_in_training(model):
    assert model.training
    first, second = attention_maps(model, IDS), attention_maps(model, IDS)
    assert (first == second).all(), "no dropout"
    assert model.training


def test_the_sharpest_heads_look_at_single_earlier_tokens():
    n = 5
    causal = np.tril(np.ones((n, n)))
    uniform = causal / causal.sum(-1, keepdims=True)
    first = np.zeros((n, n))
    first[:, 0] = 1
    previous = np.eye(n, k=-1)
    previous[0, 0] = 1
    mixed = 0.5 * previous + 0.5 * first
    maps = np.array([[uniform, first], [previous, np.eye(n)], [mixed, first]])
    assert sharpest_heads(maps, 3) == [(1, 0), (2, 0), (0, 0)]
    # by hand: the largest weight elsewhere, of the tokens 2, 3, 4, is 1/3, 1/4, 1/5
    assert sharpest_heads(maps, 6)[2] == (0, 0)


class Reader(mb.nn.Module):
    """Another model: no positions, post-norm blocks that look both ways, of any sizes."""

    def __init__(self, *n_heads, norm=mb.nn.PostNormBlock):
        self.table = mb.nn.Embedding(V, D)
        self.blocks = mb.nn.Sequential(
            *(norm(MultiHeadAttention(D, n), FeedForward(D, 12)) for n in n_heads)
        )

    def forward(self, ids):
        return self.blocks(self.table(ids))


def test_any_model_with_such_attention_can_be_looked_into():
    model = Reader(4, 4)
    maps = attention_maps(model, IDS)
    assert maps.shape == (2, 4, len(IDS), len(IDS))
    x = model.table([IDS])
    np.testing.assert_array_equal(maps[0], model.blocks[0].attention.weights(x).numpy()[0])
    x = model.blocks[0](x)
    np.testing.assert_array_equal(maps[1], model.blocks[1].attention.weights(x).numpy()[0])
    assert (np.triu(maps[0], 1) > 0).any(), "it is not causal"


def test_an_adapted_layer_is_seen_as_well(model):
    before = attention_maps(model, IDS)
    layer = model.blocks[0].attention.qkv
    mb.nn.replace(model, "blocks.0.attention.qkv", mb.nn.Sequential(layer))
    assert (attention_maps(model, IDS) == before).all()


def test_models_without_attention_or_with_several_shapes_are_told():
    with pytest.raises(mb.InputError, match="there is no MultiHeadAttention in this Embedding"):
        attention_maps(mb.nn.Embedding(V, D), IDS)
    with pytest.raises(mb.InputError, match=r"got \(2, 6, 6\), \(4, 6, 6\)"):
        attention_maps(Reader(2, 4), IDS)


def test_wrong_uses_are_told(model):
    with pytest.raises(mb.InputError, match="at least one token; got none"):
        attention_maps(model, [])
    with pytest.raises(mb.InputError):
        attention_maps(model, [V])
    with pytest.raises(mb.InputError):
        attention_maps(model, [1] * (T + 1))
    maps = attention_maps(model, IDS)
    with pytest.raises(mb.InputError, match="there are 4 of them; got 6 tokens and count = 5"):
        sharpest_heads(maps, 5)
    with pytest.raises(mb.InputError, match="at least 3 tokens"):
        sharpest_heads(maps[..., :2, :2], 1)


def test_they_are_the_same_on_every_device(model, device):
    expected = attention_maps(model, IDS)
    np.testing.assert_allclose(attention_maps(model.to(device), IDS), expected, atol=1e-5)


@pytest.mark.parametrize("shape", [(2, 4, 4), (1, 2, 4, 5), ()])
def test_heads_are_compared_by_whole_maps(shape):
    with pytest.raises(mb.InputError, match=r"maps must have shape .L, H, T, T."):
        sharpest_heads(np.ones(shape), 1)

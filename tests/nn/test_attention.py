import math

import numpy as np
import pytest

import minibig as mb
from minibig.backend import training_step
from minibig.nn import CrossAttention, MultiHeadAttention

B, T, S, D, H = 2, 5, 3, 8, 2
K = D // H


def random(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).standard_normal(shape)


def with_random_weights(layer):
    layer.to("float64")
    for number, parameter in enumerate(layer.parameters()):
        parameter.assign(0.5 * random(*parameter.shape, seed=number))
    return layer


def head_by_head(q, k, v, bias, causal):
    """Plain loops: one query, one head, one example at a time. (B, T, D) -> (B, T, D)."""
    y, all_weights = np.zeros(q.shape), np.zeros((B, H, q.shape[1], k.shape[1]))
    for b in range(B):
        for h in range(H):
            part = slice(h * K, (h + 1) * K)
            for t in range(q.shape[1]):
                scores = []
                for s in range(k.shape[1]):
                    score = sum(q[b, t, part] * k[b, s, part]) / math.sqrt(K) + bias[b, h, t, s]
                    scores.append(-math.inf if causal and s > t else score)
                e = [math.exp(score) for score in scores]
                weights = [x / sum(e) for x in e]
                all_weights[b, h, t] = weights
                for s in range(k.shape[1]):
                    y[b, t, part] += weights[s] * v[b, s, part]
    return y, all_weights


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("biased", [False, True])
def test_self_attention_is_what_plain_loops_give(causal, biased):
    layer = with_random_weights(MultiHeadAttention(D, H, causal=causal))
    x = random(B, T, D)
    bias = random(B, H, T, T) if biased else np.zeros((B, H, T, T))
    q, k, v = np.split(x @ layer.qkv.weight.numpy() + layer.qkv.bias.numpy(), 3, axis=-1)
    y, weights = head_by_head(q, k, v, bias, causal)
    y = y @ layer.output.weight.numpy() + layer.output.bias.numpy()
    given = mb.tensor(bias) if biased else None
    got, got_weights = layer(mb.tensor(x), given), layer.weights(mb.tensor(x), given)
    np.testing.assert_allclose(got.numpy(), y, atol=1e-12)
    np.testing.assert_allclose(got_weights.numpy(), weights, atol=1e-12)


def test_cross_attention_is_what_plain_loops_give():
    layer = with_random_weights(CrossAttention(D, H))
    x, memory, bias = random(B, T, D), random(B, S, D), random(B, H, T, S)
    q = x @ layer.q.weight.numpy() + layer.q.bias.numpy()
    k, v = np.split(memory @ layer.kv.weight.numpy() + layer.kv.bias.numpy(), 2, axis=-1)
    y, weights = head_by_head(q, k, v, bias, causal=False)
    y = y @ layer.output.weight.numpy() + layer.output.bias.numpy()
    given = [mb.tensor(each) for each in (x, memory, bias)]
    got, got_weights = layer(*given), layer.weights(*given)
    np.testing.assert_allclose(got.numpy(), y, atol=1e-12)
    np.testing.assert_allclose(got_weights.numpy(), weights, atol=1e-12)


def test_queries_keys_and_values_are_views_of_one_projection(monkeypatch):
    layer, seen = MultiHeadAttention(D, H), []
    monkeypatch.setattr(
        "minibig.nn.attention.attention",
        lambda q, k, v, *rest, **keywords: seen.extend([q, k, v]) or v,
    )
    layer(mb.ones((B, T, D)))
    bases = {id(part.data.base) for part in seen}
    assert len(bases) == 1 and all(part.shape == (B, H, T, K) for part in seen)


def test_a_hidden_key_has_no_influence_and_no_gradient():
    layer = MultiHeadAttention(D, H)
    x = random(1, T, D).astype("float32")
    bias = mb.tensor(np.where(np.arange(T) == 2, -np.inf, 0).astype("float32"))
    y = layer(mb.tensor(x), bias).numpy()
    x[0, 2] = 100
    moved = layer(mb.tensor(x), bias).numpy()
    others = [0, 1, 3, 4]
    assert (y[0, others] == moved[0, others]).all()
    leaf = mb.tensor(x, requires_grad=True)
    layer(leaf, bias)[:, others].sum().backward()
    assert (leaf.grad.numpy()[0, 2] == 0).all()


def test_a_later_token_never_moves_an_earlier_output():
    layer = MultiHeadAttention(D, H, causal=True)
    x = random(2, 40, D).astype("float32")
    before = layer(mb.tensor(x)).numpy()
    for t in (1, 17, 39):
        changed = x.copy()
        changed[:, t:] += 3
        assert (layer(mb.tensor(changed)).numpy()[:, :t] == before[:, :t]).all()


def test_dropout_acts_on_the_weights_while_learning_only():
    layer = MultiHeadAttention(D, H, dropout=0.5)
    x = mb.tensor(random(B, T, D).astype("float32"))
    with training_step(0):
        learning, weights = layer(x), layer.weights(x)
    layer.eval()
    plain, plain_weights = layer(x), layer.weights(x)
    np.testing.assert_allclose(weights.numpy(), plain_weights.numpy(), rtol=1e-6)
    assert not np.allclose(learning.numpy(), plain.numpy(), atol=1e-3)
    layer.train()
    y = 0
    for step in range(300):
        with training_step(step):
            y = y + layer(x).numpy() / 300
    np.testing.assert_allclose(y, plain.numpy(), atol=0.15)


@pytest.mark.parametrize("cross", [False, True])
def test_heads_may_have_a_size_and_scores_a_scale_of_their_own(cross):
    kind = CrossAttention if cross else MultiHeadAttention
    layer = with_random_weights(kind(D, 3, head_size=5))
    assert (layer.n_heads, layer.head_size, layer.output.d_in, layer.output.d_out) == (3, 5, 15, D)
    x, memory = mb.tensor(random(B, T, D)), mb.tensor(random(B, S, D))
    given = (x, memory) if cross else (x,)
    layer.scale = 0.7
    qkv = [layer.q(x), *mb.split(layer.kv(memory), 2, -1)] if cross else None
    q, k, v = qkv or mb.split(layer.qkv(x), 3, axis=-1)
    heads = []
    for h in range(3):
        part = (..., slice(5 * h, 5 * h + 5))
        weights = mb.softmax(0.7 * (q[part] @ k[part].swapaxes(1, 2)))
        np.testing.assert_allclose(layer.weights(*given).numpy()[:, h], weights.numpy(), atol=1e-12)
        heads.append(weights @ v[part])
    expected = layer.output(mb.concatenate(heads, axis=-1))
    np.testing.assert_allclose(layer(*given).numpy(), expected.numpy(), atol=1e-12)


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (lambda: MultiHeadAttention(8, 3), "n_heads must divide d_model; got d_model = 8"),
        (lambda: MultiHeadAttention(8, 0), "n_heads must be a whole number"),
        (lambda: MultiHeadAttention(8, 3, head_size=0), "head_size must be a whole number"),
        (lambda: MultiHeadAttention(8, 2, causal="no"), "causal must be True or False"),
        (lambda: MultiHeadAttention(8, 2, dropout=1.5), "dropout probability"),
        (lambda: MultiHeadAttention(8, 2)(mb.ones((5, 8))), r"Add a batch axis with x\[None\]"),
        (lambda: MultiHeadAttention(8, 2)(mb.ones((1, 5, 6))), "with D = 8"),
        (lambda: MultiHeadAttention(8, 2)(mb.ones((1, 5, 8)), mb.ones((4, 4))), "bias"),
        (lambda: CrossAttention(8, 3), "n_heads must divide d_model"),
        (lambda: CrossAttention(8, 2)(mb.ones((2, 5, 8)), mb.ones((3, 5, 8))), "memory .* B = 2"),
        (lambda: CrossAttention(8, 2)(mb.ones((2, 5, 8)), mb.ones((2, 5, 4))), "memory .* D = 8"),
    ],
)
def test_what_does_not_fit_is_refused(build, sentence):
    with pytest.raises(mb.InputError, match=sentence):
        build()

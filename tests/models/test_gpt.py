import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minibig as mb
from minibig.backend import training_step
from minibig.models import GPT, GPTConfig
from minibig.nn import Dropout, LayerNorm

V, CONTEXT = 29, 16
TINY = GPTConfig(V, CONTEXT, n_layers=2, n_heads=2, d_model=8)


def ids(batch, T, seed=0):
    return np.random.default_rng([seed, batch, T]).integers(0, V, (batch, T))


def test_the_parameters_are_those_of_gpt_2():
    expected = {"token_embedding.weight": (V, 8), "position_embedding.weight": (CONTEXT, 8)}
    for i in range(2):
        expected |= {
            f"blocks.{i}.attention_norm.weight": (8,),
            f"blocks.{i}.attention_norm.bias": (8,),
            f"blocks.{i}.attention.qkv.weight": (8, 24),
            f"blocks.{i}.attention.qkv.bias": (24,),
            f"blocks.{i}.attention.output.weight": (8, 8),
            f"blocks.{i}.attention.output.bias": (8,),
            f"blocks.{i}.feed_forward_norm.weight": (8,),
            f"blocks.{i}.feed_forward_norm.bias": (8,),
            f"blocks.{i}.feed_forward.up.weight": (8, 32),
            f"blocks.{i}.feed_forward.up.bias": (32,),
            f"blocks.{i}.feed_forward.down.weight": (32, 8),
            f"blocks.{i}.feed_forward.down.bias": (8,),
        }
    expected |= {"final_norm.weight": (8,), "final_norm.bias": (8,)}
    assert {name: p.shape for name, p in GPT(TINY).named_parameters()} == expected


def test_the_defaults_give_gpt_2_small_its_124_million_parameters():
    """By the formula: V·D + C·D + L·(12·D² + 13·D) + 2·D."""

    def count(config):
        D, L = config.d_model, config.n_layers
        blocks = L * (12 * D**2 + 13 * D)
        return config.vocab_size * D + config.context_length * D + blocks + 2 * D

    assert count(GPTConfig(50257)) == 124_439_808
    assert GPT(TINY).n_parameters == count(TINY)


def reference_logits(model, tokens):
    """GPT-2 for one sequence in float64: a loop over blocks, heads and positions."""
    p = {name: value.numpy().astype("float64") for name, value in model.state_dict().items()}
    H, D = model.config.n_heads, model.config.d_model

    def norm(x, name):
        centred = x - x.mean(-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5)
        return scaled * p[f"{name}.weight"] + p[f"{name}.bias"]

    def affine(x, name):
        return x @ p[f"{name}.weight"] + p[f"{name}.bias"]

    def gelu(x):
        return x / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))

    h = np.stack(
        [
            p["token_embedding.weight"][token] + p["position_embedding.weight"][t]
            for t, token in enumerate(tokens)
        ]
    )
    for i in range(model.config.n_layers):
        name = f"blocks.{i}"
        qkv = affine(norm(h, f"{name}.attention_norm"), f"{name}.attention.qkv")
        mixed = np.zeros_like(h)
        for head in range(H):
            q, k, v = (
                qkv[:, part * D + head * D // H : part * D + (head + 1) * D // H]
                for part in range(3)
            )
            for t in range(len(tokens)):
                scores = [q[t] @ k[s] / math.sqrt(D // H) for s in range(t + 1)]
                e = np.exp(np.array(scores) - max(scores))
                mixed[t, head * D // H : (head + 1) * D // H] = (e / e.sum()) @ v[: t + 1]
        h = h + affine(mixed, f"{name}.attention.output")
        inner = gelu(affine(norm(h, f"{name}.feed_forward_norm"), f"{name}.feed_forward.up"))
        h = h + affine(inner, f"{name}.feed_forward.down")
    return norm(h, "final_norm") @ p["token_embedding.weight"].T


def randomized(config, dtype="float32"):
    """A model whose every parameter is random, biases and norms too."""
    model, numbers = GPT(config).to(dtype), np.random.default_rng(5)
    for parameter in model.parameters():
        parameter.assign((0.3 * numbers.standard_normal(parameter.shape)).astype(dtype))
    return model


def test_the_logits_are_what_plain_loops_give():
    model = randomized(TINY, "float64")
    tokens = ids(2, 11)
    expected = [reference_logits(model, row) for row in tokens]
    np.testing.assert_allclose(model(tokens).numpy(), expected, atol=1e-11)


def test_the_head_is_the_token_embedding():
    model = GPT(TINY)
    tokens = ids(2, 5)
    model.token_embedding.weight.assign(2.0 * model.token_embedding.weight)
    h = model.hidden(tokens)
    expected = h.numpy() @ model.token_embedding.weight.numpy().T
    np.testing.assert_allclose(model(tokens).numpy(), expected, atol=1e-6)
    assert not any("head" in name for name, _ in model.named_parameters())


def test_the_gradient_of_the_tied_table_comes_from_both_of_its_uses():
    model = randomized(TINY, "float64")
    tokens = ids(1, 6)
    table = model.token_embedding.weight
    g = np.random.default_rng(0).standard_normal((1, 6, V))
    model(tokens).backward(mb.tensor(g))
    whole = table.grad.numpy().copy()
    table.grad = None
    h = model.hidden(tokens)
    (h.detach() @ table.T).backward(mb.tensor(g))
    as_head = table.grad.numpy().copy()
    table.grad = None
    (h @ table.detach().T).backward(mb.tensor(g))
    np.testing.assert_allclose(whole, as_head + table.grad.numpy(), atol=1e-12)


def test_the_first_weights_have_the_sizes_of_gpt_2():
    config = GPTConfig(200, 64, n_layers=8, n_heads=2, d_model=64)
    for name, p in GPT(config).named_parameters():
        values = p.numpy()
        if name.endswith("bias"):
            assert (values == 0).all()
        elif "norm" in name:
            assert (values == 1).all()
        else:
            residual = "attention.output" in name or "feed_forward.down" in name
            std = 0.02 / math.sqrt(16) if residual else 0.02
            assert abs(values.std() / std - 1) < 0.06, name
            assert abs(values.mean()) < 5 * std / math.sqrt(values.size)


@pytest.mark.parametrize("vocab_size", [65, 1000])
def test_the_loss_at_the_start_is_close_to_ln_v(vocab_size):
    model = GPT(GPTConfig(vocab_size, 64, n_layers=4, n_heads=4, d_model=64))
    numbers = np.random.default_rng(0)
    tokens, targets = (numbers.integers(0, vocab_size, (8, 64)) for _ in range(2))
    loss = mb.cross_entropy(model(tokens), mb.tensor(targets)).item()
    assert abs(loss - math.log(vocab_size)) < 0.05


def test_a_later_token_never_moves_an_earlier_logit():
    model, tokens = randomized(TINY), ids(3, CONTEXT)
    before = model(tokens).numpy()
    for t in range(1, CONTEXT):
        changed = tokens.copy()
        changed[:, t:] = (changed[:, t:] + 1) % V
        after = model(changed).numpy()
        assert (after[:, :t] == before[:, :t]).all()
        assert (after[:, t] != before[:, t]).any()


def test_equal_tokens_at_different_positions_differ():
    logits = randomized(TINY)([[7, 7, 7, 7]]).numpy()[0]
    assert np.abs(logits[1:] - logits[:-1]).max(axis=-1).min() > 1e-3


def test_ids_may_be_tensors_arrays_or_lists():
    model, tokens = GPT(TINY), ids(2, 5)
    expected = model(tokens).numpy()
    for same in (mb.tensor(tokens), tokens.tolist(), tokens.astype("uint16")):
        assert (model(same).numpy() == expected).all()


@given(steps=st.lists(st.integers(1, 6), min_size=1, max_size=6), batch=st.integers(1, 3))
def test_the_logits_with_a_cache_are_those_without(steps, batch):
    while sum(steps) > CONTEXT:
        steps.pop()
    model, tokens = randomized(TINY), ids(batch, sum(steps))
    cache, start, parts = model.new_cache(batch), 0, []
    with mb.no_grad():
        for step in steps:
            parts.append(model(tokens[:, start : start + step], cache=cache).numpy())
            start += step
    whole = model(tokens).numpy()
    np.testing.assert_allclose(np.concatenate(parts, axis=1), whole, rtol=0, atol=1e-5)


def test_next_logits_are_the_last_of_all_logits():
    model, tokens = randomized(TINY), ids(2, 7)
    expected = model(tokens).numpy()[:, -1]
    np.testing.assert_allclose(model.next_logits(tokens).numpy(), expected, atol=1e-5)


def loss_of(model, tokens, targets):
    """The loss as a function of the parameters, which `vars` holds."""
    holders = [
        (vars(module), name, id(value))
        for _, module in model.named_modules()
        for name, value in vars(module).items()
        if isinstance(value, mb.Tensor)
    ]
    parameters = list(model.parameters())

    def loss(*leaves):
        leaf_of = dict(zip(map(id, parameters), leaves, strict=True))
        for attributes, name, parameter in holders:
            attributes[name] = leaf_of[parameter]
        return mb.cross_entropy(model(tokens), targets)

    return loss, [p.detach() for p in parameters]


@pytest.mark.parametrize(("order", "layers"), [(1, 2), (2, 1)])
def test_every_derivative_of_a_tiny_gpt_is_right(order, layers):
    config = GPTConfig(7, 4, n_layers=layers, n_heads=2, d_model=4)
    loss, parameters = loss_of(
        randomized(config, "float64"),
        np.array([[1, 2, 3, 1], [6, 0, 5, 5]]),
        mb.tensor([[2, 3, 1, 0], [0, 5, 5, -100]]),
    )
    mb.check_gradients(loss, *parameters, order=order)


def test_a_few_steps_learn_one_batch_by_heart():
    model, tokens = GPT(TINY), ids(2, 8)
    targets = mb.tensor(np.roll(tokens, -1, axis=1))
    losses = []
    for _ in range(60):
        loss = mb.cross_entropy(model(tokens), targets)
        loss.backward()
        for p in model.parameters():
            p.assign(p.detach() - 1.0 * p.grad)
            p.grad = None
        losses.append(loss.item())
    assert losses[-1] < 0.6 * losses[0]


def test_dropout_stands_where_gpt_2_has_it(monkeypatch):
    """After the embeddings, on the attention weights, and after both halves of each block."""
    model, places = GPT(GPTConfig(V, CONTEXT, 2, 2, 8, dropout=0.2)), []

    def dropped_to_nothing(layer, x):
        places.append(layer.path)
        return 0.0 * x

    monkeypatch.setattr(Dropout, "forward", dropped_to_nothing)
    h = model(ids(1, 3))
    blocks = [
        [f"blocks.{i}.attention.dropout", f"blocks.{i}.dropout", f"blocks.{i}.dropout"]
        for i in range(2)
    ]
    assert (h.numpy() == 0).all()
    assert places == ["dropout", *blocks[0], *blocks[1]]


def test_dropout_is_drawn_anew_for_each_layer_and_the_same_for_the_same_step():
    model, tokens = GPT(GPTConfig(V, CONTEXT, 2, 2, 8, dropout=0.2)), ids(2, 8)

    def at(step):
        with training_step(step):
            return model(tokens).numpy()

    assert (at(0) == at(0)).all() and (at(0) != at(1)).any()
    assert len({m.path for n, m in model.named_modules()}) == len(list(model.named_modules()))
    model.eval()
    assert (at(0) == at(1)).all()


def test_a_model_with_the_same_state_gives_the_same_bits():
    model, twin = randomized(TINY), GPT(TINY)
    twin.load_state_dict(model.state_dict())
    assert (model(ids(2, 9)).numpy() == twin(ids(2, 9)).numpy()).all()


def test_a_seed_decides_the_weights():
    mb.manual_seed(11)
    first = GPT(TINY).state_dict()
    mb.manual_seed(11)
    second = GPT(TINY).state_dict()
    assert all((first[name].numpy() == second[name].numpy()).all() for name in first)


def test_another_device_gives_the_same_logits_with_and_without_a_cache(device):
    model, tokens = randomized(TINY), ids(2, 6)
    expected = model(tokens).numpy()
    state = model.to(device).state_dict()
    assert {value.device for value in state.values()} == {mb.device(device)}
    np.testing.assert_allclose(model(tokens).numpy(), expected, atol=1e-5)
    cache = model.new_cache(2)
    with mb.no_grad():
        parts = [model(part, cache=cache).numpy() for part in (tokens[:, :4], tokens[:, 4:])]
    np.testing.assert_allclose(np.concatenate(parts, axis=1), expected, atol=1e-5)
    GPT(TINY).load_state_dict(state)


def test_a_batch_of_none_gives_no_logits():
    assert GPT(TINY)(np.zeros((0, 4), int)).shape == (0, 4, V)


@pytest.mark.parametrize(
    ("tokens", "sentence"),
    [
        ([[V]], f"must be whole numbers from 0 to {V - 1}; got {V}"),
        ([[-1]], "got -1"),
        ([[2**31]], "got 2147483648"),
        ([[1.0]], "must be whole numbers"),
        ([[True]], "must be whole numbers"),
        ([1, 2], r"ids must have shape \(B, T\); got \(2,\). Add a batch axis"),
        ([[]], "at least one token"),
        ([[[1]]], r"ids must have shape \(B, T\)"),
        ([[0] * (CONTEXT + 1)], f"the context holds {CONTEXT} positions; got {CONTEXT + 1}"),
    ],
)
def test_ids_that_make_no_sense_are_refused(tokens, sentence):
    with pytest.raises(mb.InputError, match=sentence):
        GPT(TINY)(tokens)


def test_a_text_that_is_too_long_is_refused_before_any_work(monkeypatch):
    model = GPT(TINY)
    monkeypatch.setattr(type(model.token_embedding), "forward", lambda *_: pytest.fail("worked"))
    with pytest.raises(mb.InputError, match="Shorten the text"):
        model(np.zeros((1, CONTEXT + 1), int))


def test_a_cache_that_does_not_fit_is_refused():
    model = GPT(TINY)
    with mb.no_grad():
        cache = model.new_cache(1)
        with pytest.raises(mb.InputError, match="B = 1"):
            model([[1], [2]], cache=cache)
        model([[1] * CONTEXT], cache=cache)
        with pytest.raises(mb.InputError, match=f"got 1 tokens from position {CONTEXT}"):
            model([[1]], cache=cache)
        with pytest.raises(mb.InputError, match="one entry for each of 2 blocks; got 1"):
            model([[1]], cache=mb.nn.Cache(model.new_cache()[i] for i in (0,)))
    with pytest.raises(mb.InputError, match="derivatives would be lost"):
        model([[1]], cache=model.new_cache())


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"vocab_size": 0}, "vocab_size must be a whole number from 1 to 100000000; got 0"),
        ({"n_layers": 2.0}, "n_layers must be a whole number"),
        ({"context_length": -1}, "context_length must be a whole number"),
        ({"n_heads": 5}, "n_heads must divide d_model; got d_model = 768 and n_heads = 5"),
        ({"dropout": 1.0}, "dropout must be a number of at least 0 and below 1; got 1.0"),
        ({"d_model": True}, "d_model must be a whole number"),
        ({"n_layers": 10**9}, "n_layers must be a whole number from 1 to 1000"),
        ({"vocab_size": 2**63}, "vocab_size must be a whole number from 1 to 100000000"),
        ({"vocab_size": "a"}, "vocab_size must be a whole number"),
    ],
)
def test_sizes_that_make_no_sense_are_refused(settings, sentence):
    with pytest.raises(mb.InputError, match=sentence):
        GPTConfig(**{"vocab_size": 10, **settings})


def test_gpt_needs_its_configuration():
    with pytest.raises(mb.InputError, match="config must be of type GPTConfig; got dict"):
        GPT({"vocab_size": 10})


def test_the_configuration_cannot_be_changed():
    with pytest.raises(AttributeError):
        TINY.n_layers = 3


def test_repr_and_summary_show_the_model():
    model = GPT(TINY)
    assert repr(model).startswith("GPT(\n  GPTConfig(vocab_size=29, context_length=16")
    assert isinstance(model.final_norm, LayerNorm)
    assert model.summary().splitlines()[-1].split()[0] == "total"

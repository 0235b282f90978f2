import numpy as np
import pytest

import minibig as mb
from minibig.backend import training_step
from minibig.models import GPT, GPTConfig
from minibig.nn import (
    Dropout,
    Embedding,
    LayerNorm,
    Linear,
    Module,
    Parameter,
    ReLU,
    RMSNorm,
    Sequential,
    Tanh,
    freeze,
    replace,
    replace_all,
    unfreeze,
)
from minibig.optim import SGD, AdamW

V = 11


class LoRA(Module):
    """A toy adapter: y = base(x) + x A B, with B = 0 at the start."""

    def __init__(self, base, rank=4):
        self.base = base
        self.a = Parameter(mb.nn.normal_weights((base.d_in, rank), std=0.3))
        self.b = Parameter(mb.zeros((rank, base.d_out)))

    def forward(self, x):
        return self.base(x) + x @ self.a @ self.b


def gpt(dropout=0.0):
    return GPT(GPTConfig(V, context_length=8, n_layers=2, n_heads=2, d_model=16, dropout=dropout))


def ids():
    return np.random.default_rng(0).integers(0, V, (4, 7))


def loss_of(model):
    return mb.cross_entropy(model(ids()[:, :-1]), mb.tensor(ids()[:, 1:]))


def trained(model, steps=40, optimizer=AdamW, **settings):
    optimizer = optimizer(model.parameters(), lr=0.05, **settings)
    losses = []
    for _ in range(steps):
        loss = loss_of(model)
        model.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def test_adapters_in_every_linear_layer_of_a_gpt_learn_while_its_weights_rest():
    model = gpt()
    table = model.token_embedding.weight
    table.assign(table * 30.0)  # so that the frozen head can be sure of a token
    before = {name: value.numpy().copy() for name, value in model.state_dict().items()}
    frozen = freeze(model)
    expected = model(ids()).numpy()
    paths = replace_all(model, Linear, lambda path, layer: LoRA(layer))
    assert len(paths) == 8 and "blocks.1.feed_forward.up" in paths
    np.testing.assert_allclose(model(ids()).numpy(), expected, atol=1e-6)
    losses = trained(model, weight_decay=0.1)
    assert losses[-1] < 0.7 * losses[0]
    state = model.state_dict()
    for path in paths:
        assert {f"{path}.a", f"{path}.b", f"{path}.base.weight"} <= state.keys()
        assert abs(state[f"{path}.b"].numpy()).max() > 0
    for name in frozen:
        layer, _, kind = name.rpartition(".")
        now = f"{layer}.base.{kind}" if layer in paths else name
        assert state[now].numpy().tobytes() == before[name].tobytes()


@pytest.mark.parametrize(
    "path", ["blocks.0.attention.qkv", "blocks.0.attention.output", "blocks.1.feed_forward.down"]
)
def test_any_one_layer_can_be_replaced_and_gets_its_gradient(path):
    model = gpt()
    layer = dict(model.named_modules())[path]
    replace(model, path, LoRA(layer))
    adapter = dict(model.named_modules())[path]
    assert isinstance(adapter, LoRA) and adapter.base is layer
    loss_of(model).backward()
    assert abs(adapter.b.grad.numpy()).max() > 0 and layer.weight.grad is not None


def test_the_head_follows_a_replaced_token_embedding():
    class Scaled(Module):
        """A table of another kind, such as a quantized one: it answers the same two questions."""

        def __init__(self, table):
            self.table, self.d = table, table.d

        def forward(self, tokens):
            return self.table(tokens) * 2.0

        def logits(self, h):
            return self.table.logits(h) * 3.0

    model, tokens = gpt(), ids()
    embedded = model.token_embedding(tokens)
    h = model.hidden(tokens)
    head = model.head(h).numpy()
    replace(model, "token_embedding", Scaled(model.token_embedding))
    assert (model.token_embedding(tokens).numpy() == (embedded * 2.0).numpy()).all()
    np.testing.assert_allclose(model.head(h).numpy(), 3 * head, rtol=1e-6)
    assert model(tokens).shape == (4, 7, V)
    assert next(n for n, _ in model.named_parameters()) == "token_embedding.table.weight"


def test_a_subclass_of_linear_is_called_and_not_taken_apart():
    class Doubled(Linear):
        def forward(self, x):
            return super().forward(x) * 2.0

    layer = mb.nn.FeedForward(4, 6, mb.relu)
    for name in ("up", "down"):
        new = Doubled(*((4, 6) if name == "up" else (6, 4)))
        new.load_state_dict(getattr(layer, name).state_dict())
        x = mb.ones((2, 4))
        hidden = layer.up(x)
        plain = layer.down(mb.relu(hidden)).numpy()
        replace(layer, name, new)
        np.testing.assert_allclose(layer(x).numpy(), 2 * plain, rtol=1e-6)
        plain = layer(x)


def test_a_layer_without_bias_works_in_a_feed_forward_network():
    layer = mb.nn.FeedForward(4, 6)
    replace(layer, "up", Linear(4, 6, bias=False))
    y = layer(mb.ones((2, 4)))
    expected = layer.down(mb.gelu_tanh(layer.up(mb.ones((2, 4)))))
    np.testing.assert_allclose(y.numpy(), expected.numpy(), rtol=1e-6)


def test_what_replaces_a_layer_takes_over_its_mode_and_its_place():
    def build():
        return Sequential(Linear(64, 64), Sequential(Dropout(0.5)))

    model, x = build().train(), mb.ones((4, 64))
    replace(model, "1", Sequential(Dropout(0.5)))
    with training_step(3):
        masked = model[1](x).numpy()
    twin = build().train()
    with training_step(3):
        assert (twin[1](x).numpy() == masked).all()
    model.eval()
    replace(model, "1", Sequential(Dropout(0.5)))
    assert (model[1](x).numpy() == 1).all()


def test_a_shared_layer_is_replaced_everywhere():
    shared = Linear(2, 2)
    model = Sequential(shared, ReLU(), shared)
    replace(model, "0", Tanh())
    assert model[0] is model[2] and isinstance(model[2], Tanh)


def test_layers_below_a_replaced_one_are_left_alone():
    model = Sequential(Sequential(Linear(2, 2)), Sequential(Linear(2, 2)))

    def make(path, layer):
        return Sequential(layer, ReLU()) if path == "0" else layer

    assert replace_all(model, Sequential, make) == ["0"]
    assert isinstance(model[0][0], Sequential) and isinstance(model[1], Sequential)


def test_other_kinds_are_replaced_too():
    model = gpt()
    assert len(replace_all(model, LayerNorm, lambda path, layer: RMSNorm(layer.d))) == 5
    assert np.isfinite(loss_of(model).item())


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda m: replace(m, "block.0", Tanh()), r"no layer 'block.0'; did you mean blocks.0\?"),
        (lambda m: replace(m, "", Tanh()), "the model itself cannot be replaced"),
        (lambda m: replace(m, "blocks.0", mb.relu), "module must be of type Module"),
        (lambda m: replace_all(m, Tanh, lambda p, x: x), "no layer of the class Tanh"),
        (lambda m: replace_all(m, Linear, lambda p, x: None), "what make returns for blocks.0"),
        (lambda m: freeze(m, "block.*.bias"), r"no parameter 'block.\*.bias'; did you mean "),
        (lambda m: freeze(m, "zzz"), "there are token_embedding.weight, position_embedding.weight"),
        (lambda m: unfreeze(m, ["*"]), "pattern must be a text"),
    ],
)
def test_what_is_not_there_is_refused(change, sentence):
    with pytest.raises(mb.InputError, match=sentence):
        change(gpt())


@pytest.mark.parametrize("optimizer", [SGD, AdamW])
def test_frozen_parameters_get_no_gradient_and_no_decay_and_can_be_learned_again(optimizer):
    model = gpt()
    names = freeze(model, "blocks.0.*")
    assert names and all(name.startswith("blocks.0.") for name in names)
    before = {name: p.numpy().copy() for name, p in model.named_parameters()}
    trained(model, 2, optimizer, weight_decay=0.5)
    for name, parameter in model.named_parameters():
        assert (parameter.grad is None) == (name in names)
        assert (parameter.numpy() == before[name]).all() == (name in names)
    assert unfreeze(model, "*.qkv.weight") == [f"blocks.{i}.attention.qkv.weight" for i in (0, 1)]
    loss_of(model).backward()
    assert model.blocks[0].attention.qkv.weight.grad is not None
    assert model.blocks[0].attention.qkv.bias.grad is None


class Quantized(Module):
    """A toy: y = x (W₈·scale) + b, with whole numbers of 8 bits as a buffer."""

    def __init__(self, layer):
        weight = layer.weight.numpy()
        self.scale = float(abs(weight).max()) / 127
        self.register_buffer("weight", mb.tensor(np.round(weight / self.scale).astype("int8")))
        self.register_buffer("bias", layer.bias.detach())

    def forward(self, x):
        return mb.linear(x, self.weight.astype("float32") * self.scale, self.bias)


def test_a_quantized_model_has_buffers_instead_of_parameters_and_nearly_the_same_answers():
    model = gpt().eval()
    expected, n = model(ids()).numpy(), model.n_parameters
    paths = replace_all(model, Linear, lambda path, layer: Quantized(layer))
    np.testing.assert_allclose(model(ids()).numpy(), expected, atol=0.02)
    assert model.n_parameters < 0.2 * n
    assert {f"{path}.weight" for path in paths} <= model.state_dict().keys()
    twin = gpt().eval()
    replace_all(twin, Linear, lambda path, layer: Quantized(layer))
    twin.load_state_dict(model.state_dict())
    replace(twin, "final_norm", model.final_norm)
    for path in paths:  # the scales are no tensors, and so a matter of the configuration
        dict(twin.named_modules())[path].scale = dict(model.named_modules())[path].scale
    assert (twin(ids()).numpy() == model(ids()).numpy()).all()
    assert len(mb.generate(model, [1, 2], max_new_tokens=3, seed=0)[0]) == 5


def test_an_embedding_says_its_sizes():
    table = Embedding(9, 4)
    assert (table.n, table.d, Linear(2, 3).d_in, Linear(2, 3).d_out) == (9, 4, 2, 3)


def test_a_model_never_holds_itself():
    model = Sequential(Sequential(Linear(2, 2)), ReLU())
    shape = repr(model)
    for path, module in (("1", model), ("0.0", model), ("0.0", model[0])):
        with pytest.raises(mb.InputError, match=r"holds all that holds it|would hold itself"):
            replace(model, path, module)
    with pytest.raises(mb.InputError, match="would hold itself"):
        model.append(model)
    with pytest.raises(mb.InputError, match="would hold itself"):
        model[0].extra = Sequential(model)
    assert repr(model) == shape


def test_a_part_that_holds_the_layer_already_takes_its_place_elsewhere():
    model = Sequential(Linear(2, 2), ReLU())
    base = model[0]
    model.adapted = LoRA(base)
    replace(model, "0", model.adapted)
    assert model[0] is model.adapted and model[0].base is base


def test_a_shared_layer_is_replaced_by_any_of_its_names():
    layer = Linear(2, 2)
    for path in ("0", "2", "1.0"):
        model = Sequential(layer, Sequential(layer), layer)
        replace(model, path, Tanh())
        assert model[0] is model[1][0] is model[2] and isinstance(model[0], Tanh)


def test_a_layer_that_comes_from_elsewhere_in_the_model_keeps_the_path_that_train_gives():
    model = Sequential(Sequential(Dropout(0.5)), Sequential(Linear(2, 2))).train()
    replace(model, "1.0", model[0][0])
    path = model[0][0].path
    model.train()
    assert path == model[0][0].path == "0.0"


def test_all_layers_are_replaced_or_none():
    model, made = gpt(), []
    before = repr(model)

    def make(path, layer):
        if len(made) == 3:
            raise ZeroDivisionError
        made.append(Sequential(layer))
        return made[-1]

    with pytest.raises(ZeroDivisionError):
        replace_all(model, Linear, make)
    assert repr(model) == before


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda m: replace_all(m, "Linear", Sequential), "kind must be a class of layers"),
        (lambda m: replace_all(m, (), Sequential), "kind must be a class of layers"),
        (lambda m: replace_all(m, m[0], Sequential), "kind must be a class of layers"),
        (lambda m: replace_all(m, Linear, ReLU()), "make must be a function"),
        (lambda m: replace_all(m, Linear, None), "make must be a function"),
        (lambda m: replace_all(m, (Dropout, Tanh), Sequential), "class Dropout or Tanh"),
        (lambda m: replace_all([m], Linear, Sequential), "model must be of type Module"),
        (lambda m: replace(m, 0, ReLU()), "path must be a text"),
        (lambda m: replace(m, None, ReLU()), "path must be a text"),
        (lambda m: replace(m.state_dict(), "0", ReLU()), "model must be of type Module"),
        (lambda m: freeze(list(m)), "model must be of type Module"),
        (lambda m: unfreeze(m, ["0", "1"]), "pattern must be a text"),
    ],
)
def test_calls_that_cannot_be_meant_are_refused(call, words):
    with pytest.raises(mb.InputError, match=words):
        call(Sequential(Linear(2, 2), ReLU()))


def test_several_kinds_are_replaced_together():
    model = Sequential(Linear(2, 2), ReLU(), Tanh())
    assert replace_all(model, (ReLU, Tanh), lambda path, layer: Dropout(0.1)) == ["1", "2"]

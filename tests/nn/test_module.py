import collections
import copy

import numpy as np
import pytest

import minibig as mb
from minibig.nn import Dropout, LayerNorm, Linear, Module, ModuleList, Parameter, Sequential


class Net(Module):
    """Every kind of attribute: a submodule, a list, a parameter and two buffers."""

    def __init__(self):
        self.first = Linear(3, 4)
        self.layers = ModuleList([Linear(4, 4), LayerNorm(4)])
        self.scale = Parameter([2.0])
        self.register_buffer("mean", mb.tensor([1.0, 2.0]))
        self.register_buffer("table", mb.tensor([1, 2]), persistent=False)

    def forward(self, x):
        x = self.first(x)
        for layer in self.layers:
            x = layer(x)
        return x * self.scale


NAMES = [
    "scale",
    "first.weight",
    "first.bias",
    "layers.0.weight",
    "layers.0.bias",
    "layers.1.weight",
    "layers.1.bias",
]


def test_parameters_are_found_by_their_attribute_names():
    assert [name for name, _ in Net().named_parameters()] == NAMES
    assert len(list(Net().parameters())) == len(NAMES)


def test_named_modules_lists_the_tree_in_order_with_the_root_first():
    net = Net()
    names = [name for name, _ in net.named_modules()]
    assert names == ["", "first", "layers", "layers.0", "layers.1"]
    assert next(net.named_modules())[1] is net
    assert [name for name, _ in net.named_modules("net")][:2] == ["net", "net.first"]


def test_a_shared_parameter_and_a_shared_module_appear_once_under_the_first_name():
    net = Net()
    net.tied = net.first
    net.layers[0].weight = net.layers[0].weight
    net.also = net.scale
    names = [name for name, _ in net.named_modules()]
    assert names == ["", "first", "layers", "layers.0", "layers.1"]
    assert [name for name, _ in net.named_parameters()] == NAMES
    assert "also" not in net.state_dict()


def test_buffers_are_constants_that_are_not_learned():
    net = Net()
    assert [name for name, _ in net.named_buffers()] == ["mean", "table"]
    assert not any(buffer.requires_grad for buffer in net.buffers())


def test_a_buffer_follows_its_attribute():
    net = Net()
    net.mean = mb.tensor([5.0, 6.0])
    assert net.state_dict()["mean"].tolist() == [5, 6]


def test_the_state_round_trip_is_equal_to_the_bit():
    source, target = Net(), Net()
    target.load_state_dict(source.state_dict())
    assert list(source.state_dict()) == [*NAMES, "mean"]
    for name, value in source.state_dict().items():
        assert value.numpy().tobytes() == target.state_dict()[name].numpy().tobytes()
        assert not value.requires_grad


def test_loading_copies_so_that_models_stay_apart():
    source, target = Net(), Net()
    target.load_state_dict(source.state_dict())
    source.scale.assign(np.array([9.0], "float32"))
    source.mean.data[:] = 9
    assert target.scale.tolist() == [2] and target.mean.tolist() == [1, 2]


def test_loading_converts_to_the_dtype_of_the_module():
    net, state = Net(), Net().state_dict()
    net.load_state_dict({name: value.numpy().astype("float64") for name, value in state.items()})
    assert net.first.weight.dtype == np.float32
    assert net.first.weight.tolist() == state["first.weight"].tolist()


def test_a_state_that_does_not_fit_is_refused_with_every_name_and_nothing_changes():
    net = Net()
    before = {name: value.numpy().copy() for name, value in net.state_dict().items()}
    state = {name: value + 1.0 for name, value in Net().state_dict().items()}
    del state["scale"], state["layers.1.bias"]
    state["first.weight"] = mb.zeros((4, 3))
    state["mean"] = np.array([1, 2])
    state["head.weight"] = mb.zeros((1,))
    with pytest.raises(mb.InputError) as caught:
        net.load_state_dict(state)
    sentence = str(caught.value)
    assert "missing: scale, layers.1.bias" in sentence
    assert "unexpected: head.weight" in sentence
    assert "first.weight must have shape (3, 4), got (4, 3)" in sentence
    assert "mean must be float32, got int64" in sentence
    assert all((net.state_dict()[name].numpy() == value).all() for name, value in before.items())


def test_a_state_comes_back_from_a_file(tmp_path):
    source, target = Net(), Net()
    mb.storage.save_tensors(tmp_path / "net.safetensors", source.state_dict())
    target.load_state_dict(mb.storage.load_tensors(tmp_path / "net.safetensors"))
    for name, value in source.state_dict().items():
        assert target.state_dict()[name].numpy().tobytes() == value.numpy().tobytes()


@pytest.mark.parametrize("state", ["net.safetensors", None, [1, 2]])
def test_what_is_no_state_is_refused_with_the_way_to_read_one(state):
    with pytest.raises(mb.InputError, match=r"state must be .*mb.storage.load_tensors"):
        Net().load_state_dict(state)


def test_a_sentence_about_hundreds_of_names_stays_short():
    state = {f"name{i}": np.zeros(1) for i in range(500)}
    with pytest.raises(mb.InputError, match="and 492 more") as caught:
        Net().load_state_dict(state)
    assert len(str(caught.value)) < 500


def test_train_and_eval_reach_every_module_and_are_idempotent():
    net = Net()
    assert all(m.training for _, m in net.named_modules())
    for _ in range(2):
        assert net.eval() is net
        assert not any(m.training for _, m in net.named_modules())
    for _ in range(2):
        net.train()
        assert all(m.training for _, m in net.named_modules())


def test_to_a_dtype_converts_floats_only_and_drops_gradients():
    net = Net()
    net(mb.ones((2, 3))).sum().backward()
    assert net.scale.grad is not None
    identity = list(net.parameters())
    assert net.to("float64") is net
    assert [p.dtype for p in net.parameters()] == [np.float64] * len(NAMES)
    assert all(a is b for a, b in zip(identity, net.parameters(), strict=True))
    assert net.mean.dtype == np.float64 and net.table.dtype == np.int64
    assert net.scale.grad is None and net.scale.requires_grad


def test_to_keeps_gradients_where_nothing_changes_and_keeps_frozen_parameters_frozen():
    net = Net()
    net.first.weight.requires_grad = False
    net(mb.ones((2, 3))).sum().backward()
    net.to("cpu").to("float32").to(mb.float32)
    assert net.scale.grad is not None
    assert not net.to("float64").first.weight.requires_grad


def test_a_graph_from_before_a_conversion_is_refused():
    net = Net()
    loss = net(mb.ones((2, 3))).sum()
    net.to("float64")
    with pytest.raises(mb.InputError, match="assigned after"):
        loss.backward()


@pytest.mark.parametrize("where", ["float128x", None, 7, "complex64", [1], object])
def test_to_refuses_what_is_neither_a_device_nor_a_dtype(where):
    with pytest.raises(mb.InputError, match="to: the target must be a device"):
        Net().to(where)


@pytest.mark.parametrize("where", ["int64", np.bool_, mb.int32])
def test_weights_are_converted_to_floats_only(where):
    with pytest.raises(mb.InputError, match="a module is converted to a floating-point dtype"):
        Net().to(where)


def test_to_an_unusable_device_says_what_to_do():
    with pytest.raises(mb.InputError, match='or use device="cpu"'):
        Net().to("cuda:99")


@pytest.mark.parametrize("hidden", [[Linear(1, 1)], (Linear(1, 1),), {"a": Parameter([1.0])}])
def test_modules_in_a_plain_container_are_refused(hidden):
    net = Net()
    net.hidden = hidden
    with pytest.raises(mb.InputError, match=r"Net.hidden is a plain .* Use nn.ModuleList"):
        list(net.parameters())


def test_a_buffer_must_be_a_constant_tensor():
    for values in ([1.0], np.ones(2), mb.tensor([1.0], requires_grad=True), Parameter([1.0])):
        with pytest.raises(mb.InputError, match="buffer b must be a constant tensor"):
            Net().register_buffer("b", values)


def test_a_module_list_holds_only_modules():
    with pytest.raises(mb.InputError, match="ModuleList holds modules; got Parameter"):
        ModuleList([Parameter([1.0])])
    assert len(ModuleList()) == 0
    layers = ModuleList([Linear(1, 2), Linear(2, 3)])
    assert layers[-1] is layers[1] is list(layers)[1]


def test_sequential_is_the_composition_of_its_modules():
    a, b = Linear(2, 3), Linear(3, 4)
    x = mb.ones((5, 2))
    assert (Sequential(a, b)(x).numpy() == b(a(x)).numpy()).all()
    assert Sequential()(x) is x


def test_a_module_without_forward_says_so():
    with pytest.raises(NotImplementedError, match="Module needs a method forward"):
        Module()(1)


def test_summary_counts_every_parameter_once():
    net = Net()
    net.tied = LayerNorm(4)
    net.tied.weight = net.layers[1].weight
    lines = net.summary().splitlines()
    total = sum(p.size for p in net.parameters())
    assert lines[-1].split() == ["total", f"{total:,}"]
    counts = [int(line.split()[-1].replace(",", "")) for line in lines[1:-1]]
    assert sum(counts) == total


def test_the_summary_of_a_large_model_fits_a_terminal():
    config = mb.models.GPTConfig(vocab_size=50257, n_layers=12)
    with mb.nn.without_values():
        lines = mb.models.GPT(config).summary().splitlines()
    assert max(map(len, lines)) <= 80 and len({*map(len, lines)}) == 1
    assert "blocks.11.attention.qkv" in "".join(lines)


def test_repr_shows_the_tree():
    text = repr(Net())
    assert text.startswith("Net(\n  first: Linear(3, 4, bias=True)\n")
    assert "    0: Linear(4, 4, bias=True)" in text


def test_a_deep_copy_is_a_model_of_its_own():
    net = Net()
    twin = copy.deepcopy(net)
    net.scale.assign(np.array([0.0], "float32"))
    x = mb.tensor(np.random.default_rng(0).standard_normal((2, 3), "float32"))
    assert twin.scale.tolist() == [2]
    twin(x).sum().backward()
    assert net.scale.grad is None and twin.scale.grad is not None


class Pair(Module):
    def __init__(self):
        self.left, self.right = Dropout(0.5), Dropout(0.5)

    def forward(self, x):
        return self.left(x), self.right(x)


def test_paths_are_given_by_the_first_call_or_by_train():
    pair = Pair()
    pair.left(mb.ones((1, 4)))
    assert pair.left.path == ""
    pair(mb.ones((1, 4)))
    assert (pair.left.path, pair.right.path) == ("left", "right")
    outer = Sequential(Linear(4, 4), pair)
    outer.train()
    assert (pair.left.path, pair.right.path) == ("1.left", "1.right")
    pair(mb.ones((1, 4)))
    pair.train()
    assert (pair.left.path, pair.right.path) == ("1.left", "1.right")


class Running(Module):
    """A layer that follows the mean of its inputs."""

    def __init__(self):
        self.weight = Parameter([1.0, 1.0])
        self.register_buffer("mean", mb.zeros((2,)))
        self.register_buffer("count", mb.tensor([0]))

    def forward(self, x):
        self.assign_buffer("mean", self.mean * 0.5 + x.detach().mean(axis=0))
        self.assign_buffer("count", self.count + 1)
        return (x - self.mean) * self.weight


@pytest.mark.parametrize("recompute", [False, True])
def test_a_buffer_is_updated_once_where_a_layer_is_computed_twice(recompute):
    layer, x = Running(), mb.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    for _ in range(2):
        y = mb.checkpoint(layer, x) if recompute else layer(x)
        (y * y).sum().backward()
    assert layer.count.tolist() == [2] and layer.mean.tolist() == [3, 4.5]
    assert set(layer.state_dict()) == {"weight", "mean", "count"}


def test_a_graph_keeps_the_values_of_a_buffer_that_it_has_used():
    layer = Running()
    x = mb.tensor([[1.0, 2.0]], requires_grad=True)
    y = (x * layer.mean).sum()
    layer.assign_buffer("mean", np.array([9.0, 9.0], "float32"))
    y.backward()
    assert x.grad.tolist() == [[0, 0]]


@pytest.mark.parametrize(
    ("name", "values", "sentence"),
    [
        ("weight", mb.zeros((2,)), "Running has no buffer 'weight'"),
        ("other", mb.zeros((2,)), "Running has no buffer 'other'"),
        (
            "mean",
            mb.zeros((3,)),
            r"mean holds float32 of shape \(2,\); got float32 of shape \(3,\)",
        ),
        ("mean", np.zeros(2), "got float64"),
        ("mean", [0.0, 0.0], "got list"),
    ],
)
def test_other_values_of_a_buffer_are_refused(name, values, sentence):
    with pytest.raises(mb.InputError, match=sentence):
        Running().assign_buffer(name, values)


def test_a_tensor_does_not_take_the_place_of_a_parameter():
    net = Net()
    weight = net.first.weight
    for plain in (weight * 0.1, weight.detach(), np.zeros((3, 4)), 0.5, [[1.0]], np.float32(1)):
        with pytest.raises(mb.InputError, match=r"Linear.weight is a parameter.*assign\(values\)"):
            net.first.weight = plain
    with pytest.raises(mb.InputError, match=r"Use parameter.assign"):
        net.scale *= 2
    assert [name for name, _ in net.named_parameters()] == NAMES
    net.first.weight = Parameter(mb.zeros((3, 4)))
    net.first.bias = None
    assert "first.bias" not in net.state_dict()


def test_a_tensor_does_not_take_the_place_of_a_module_or_of_a_buffer():
    net, x = Net(), mb.ones((2, 3))
    for value in (net.first(x), np.zeros(3), Parameter([1.0])):
        with pytest.raises(mb.InputError, match=r"Net.first is a module"):
            net.first = value
    for value in (net.mean * net.scale, np.zeros(2, "float32"), Parameter([1.0]), 0.0, [1, 2]):
        with pytest.raises(mb.InputError, match=r"Net.mean is a buffer.*assign_buffer"):
            net.mean = value
    net.first = Linear(3, 4)
    net.result = net(x)
    net.result = net(x)  # an attribute of one's own may be anything


def test_modules_children_and_counts():
    net = Net()
    assert [name for name, _ in net.named_children()] == ["first", "layers"]
    assert list(net.children()) == [net.first, net.layers]
    assert list(net.modules()) == [module for _, module in net.named_modules()]
    assert net.n_parameters == sum(p.size for p in net.parameters()) == 45
    net.tied = net.first
    assert net.n_parameters == 45


def test_zero_grad_drops_every_gradient_and_leaves_frozen_parameters_alone():
    net = Net()
    net.first.bias.requires_grad = False
    net(mb.ones((2, 3))).sum().backward()
    assert net.scale.grad is not None
    net.zero_grad()
    assert all(parameter.grad is None for parameter in net.parameters())


def test_apply_reaches_every_module_and_returns_the_model():
    net, seen = Net(), []
    assert net.apply(seen.append) is net
    assert seen == [net.first, *net.layers, net.layers, net]


@pytest.mark.parametrize("build", [Net, lambda: mb.nn.FeedForward(4, 8), lambda: Sequential(Net())])
def test_a_deep_copy_of_any_module_has_the_same_names_and_its_own_arrays(build):
    net = build()
    net.path  # noqa: B018
    twin = copy.deepcopy(net.train())
    assert twin.state_dict().keys() == net.state_dict().keys()
    for name, value in net.state_dict().items():
        other = twin.state_dict()[name]
        assert (other.numpy() == value.numpy()).all()
        assert not np.shares_memory(other.data, value.data)
    assert [m.path for m in twin.modules()] == [m.path for m in net.modules()]


def test_the_device_of_a_module_is_that_of_what_it_holds():
    assert Net().device == mb.device("cpu") == Dropout(0.5).device
    assert mb.nn.SinusoidalPositions(4, 2).device == mb.device("cpu")


def test_a_device_is_not_set_but_moved_to():
    with pytest.raises(mb.InputError, match=r"move it with module.to\(device\)"):
        Net().device = "cuda"


def test_training_is_switched_by_true_or_false_only():
    with pytest.raises(mb.InputError, match="mode must be True or False"):
        Net().train("yes")


@pytest.mark.parametrize(
    "held",
    [
        lambda layer: [[layer]],
        lambda layer: {layer},
        lambda layer: {"a": [1, (2, layer)]},
        lambda layer: collections.deque([layer.weight]),
        lambda layer: frozenset([layer]),
    ],
)
def test_modules_hidden_anywhere_in_plain_collections_are_refused(held):
    model = Module()
    model.layers = held(Linear(2, 2))
    with pytest.raises(mb.InputError, match=r"Module\.layers is a plain \w+ of modules"):
        list(model.parameters())


def test_collections_of_other_things_are_no_matter():
    model = Module()
    model.sizes, model.names = [[1, 2], {"a": (3,)}], {"x", "y"}
    model.endless = []
    model.endless.append(model.endless)
    assert list(model.parameters()) == []


def test_the_name_of_a_module_in_its_model_is_no_attribute_to_set():
    with pytest.raises(mb.InputError, match="path is the name of a module"):
        Linear(2, 2).path = "weights.txt"


@pytest.mark.parametrize("value", [mb.ones((2,)), None, 1, "no"])
def test_the_mode_of_a_module_is_a_flag(value):
    layer = Linear(2, 2)
    with pytest.raises(mb.InputError, match="training must be True or False"):
        layer.training = value
    layer.training = False
    assert not layer.training

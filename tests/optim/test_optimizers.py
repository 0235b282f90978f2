"""Optimizers: the published algorithms, step for step, and a state that goes on to the bit."""

import json

import numpy as np
import pytest
from fake_cupy import fake_cupy
from hypothesis import given
from hypothesis import strategies as st

import minibig as mb
from minibig.nn import Embedding, LayerNorm, Linear, Parameter, Sequential
from minibig.optim import (
    SGD,
    Adafactor,
    Adam,
    AdamW,
    Muon,
    Optimizer,
    clip_gradients,
    decay_groups,
    muon_groups,
)

STEPS = 50
SHAPES = [(2, 3), (4,), (), (0, 3)]

settings_of_sgd = st.fixed_dictionaries(
    {
        "lr": st.sampled_from([0.0, 0.01, 0.3]),
        "momentum": st.sampled_from([0.5, 0.9]),
        "nesterov": st.booleans(),
        "weight_decay": st.sampled_from([0.0, 0.1]),
    }
)
settings_of_adam = st.fixed_dictionaries(
    {
        "lr": st.sampled_from([0.0, 0.001, 0.1]),
        "betas": st.sampled_from([(0.9, 0.999), (0.0, 0.0), (0.9, 0.99)]),
        "eps": st.sampled_from([1e-8, 1e-3]),
        "weight_decay": st.sampled_from([0.0, 0.1]),
    }
)
every_optimizer = pytest.mark.parametrize(
    "make",
    [
        lambda p: SGD(p, lr=0.1),
        lambda p: SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
        lambda p: Adam(p, lr=0.01, weight_decay=0.01),
        lambda p: AdamW(p, lr=0.01),
        lambda p: Muon(p, lr=0.01),
        lambda p: Adafactor(p, lr=0.01, weight_decay=0.01),
    ],
    ids=["SGD", "Nesterov", "Adam", "AdamW", "Muon", "Adafactor"],
)


def parameters(seed=0, dtype="float64"):
    generator = np.random.default_rng(seed)
    return [Parameter(generator.standard_normal(shape).astype(dtype)) for shape in SHAPES]


def gradient(t, i, like):
    """The gradient of parameter i at step t: of any size, the same for everybody who asks."""
    generator = np.random.default_rng([t, i])
    scale = 10.0 ** generator.uniform(-4, 2)
    return np.asarray(generator.standard_normal(like.shape) * scale).astype(like.dtype)


def run(optimizer, steps):
    for t in steps:
        for i, p in enumerate(optimizer.parameters):
            p.grad = mb.tensor(gradient(t, i, p.data))
        optimizer.step()
    return [p.numpy().copy() for p in optimizer.parameters]


def sgd_by_hand(p, gradients, lr, momentum, nesterov, weight_decay):
    """One number, one step after the other."""
    u = 0.0
    for g in gradients:
        g = g + weight_decay * p
        u = momentum * u + g
        p = p - lr * (g + momentum * u) if nesterov else p - lr * u
    return p


def adam_by_hand(p, gradients, lr, betas, eps, weight_decay, decoupled):
    m = v = 0.0
    for t, g in enumerate(gradients, 1):
        if decoupled:
            p = p - lr * weight_decay * p
        else:
            g = g + weight_decay * p
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g * g
        p = p - lr * (m / (1 - betas[0] ** t)) / ((v / (1 - betas[1] ** t)) ** 0.5 + eps)
    return p


def assert_equals_by_hand(optimizer, rule):
    start = [p.numpy().copy() for p in optimizer.parameters]
    result = run(optimizer, range(STEPS))
    for i, (before, after) in enumerate(zip(start, result, strict=True)):
        gradients = [gradient(t, i, before) for t in range(STEPS)]
        for index in np.ndindex(before.shape):
            expected = rule(float(before[index]), [float(g[index]) for g in gradients])
            np.testing.assert_allclose(after[index], expected, rtol=1e-9, atol=1e-12)


@given(settings_of_sgd)
def test_sgd_is_the_loop_over_single_numbers(settings):
    assert_equals_by_hand(SGD(parameters(), **settings), lambda p, g: sgd_by_hand(p, g, **settings))


@given(settings_of_adam, st.booleans())
def test_adam_and_adamw_are_the_loop_over_single_numbers(settings, decoupled):
    optimizer = (AdamW if decoupled else Adam)(parameters(), **settings)
    assert_equals_by_hand(
        optimizer, lambda p, g: adam_by_hand(p, g, **settings, decoupled=decoupled)
    )


@every_optimizer
def test_kernels_and_formulas_agree_in_float32(make):
    fast = run(make(parameters(dtype="float32")), range(STEPS))
    with mb.reference():
        plain = run(make(parameters(dtype="float32")), range(STEPS))
    for a, b in zip(fast, plain, strict=True):
        assert a.dtype == b.dtype == np.float32
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-5)


@every_optimizer
def test_a_device_gives_what_the_cpu_gives_and_takes_a_state_back(make):
    with fake_cupy():
        results = []
        for device in ("cpu", "cuda"):
            model = Linear(3, 2).to("float64")
            model.weight.assign(np.arange(6.0).reshape(3, 2))
            optimizer = make(model.to(device).parameters())
            for t in range(6):
                for i, p in enumerate(optimizer.parameters):
                    p.grad = mb.tensor(gradient(t, i, p), device=device)
                clip_gradients(optimizer.parameters, 1.0)
                optimizer.step()
                optimizer.load_state_dict(optimizer.state_dict())
            results.append([p.numpy() for p in optimizer.parameters])
        for a, b in zip(*results, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12)


@pytest.mark.oracle
@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("SGD", {"lr": 0.1}),
        ("SGD", {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.1}),
        ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
        ("Adam", {"lr": 0.01, "betas": (0.8, 0.95), "weight_decay": 0.1}),
        ("AdamW", {"lr": 0.01, "betas": (0.8, 0.95), "weight_decay": 0.1}),
    ],
)
def test_optimizers_equal_pytorchs(name, settings):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    start = [p.numpy().copy() for p in parameters()]
    ours = run(
        {"SGD": SGD, "Adam": Adam, "AdamW": AdamW}[name](parameters(), **settings), range(50)
    )
    theirs = [torch.nn.Parameter(torch.from_numpy(p.copy())) for p in start]
    optimizer = getattr(torch.optim, name)(theirs, **settings)
    for t in range(50):
        for i, p in enumerate(theirs):
            p.grad = torch.from_numpy(gradient(t, i, start[i]))
        optimizer.step()
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b.detach().numpy(), rtol=1e-9, atol=1e-12)


@every_optimizer
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_loaded_state_goes_on_to_the_bit(make, dtype):
    unbroken = run(make(parameters(dtype=dtype)), range(20))
    first = make(parameters(dtype=dtype))
    halfway = run(first, range(9))
    state = first.state_dict()
    arrays = state.pop("arrays")
    state = {**json.loads(json.dumps(state)), "arrays": arrays}
    second = make([Parameter(p) for p in halfway])
    second.load_state_dict(state)
    for a, b in zip(run(second, range(9, 20)), unbroken, strict=True):
        assert a.tobytes() == b.tobytes()


@every_optimizer
def test_a_saved_state_does_not_change_with_later_steps(make):
    optimizer = make(parameters())
    run(optimizer, range(2))
    state = optimizer.state_dict()
    before = {name: array.copy() for name, array in state["arrays"].items()}
    run(optimizer, range(2, 4))
    assert before and all((state["arrays"][n] == a).all() for n, a in before.items())


@pytest.mark.parametrize("count", [1, None])  # several that are small share an update
def test_a_loaded_state_is_not_shared_with_its_giver(count):
    first = AdamW(parameters()[:count])
    run(first, range(2))
    state = first.state_dict()
    before = state["arrays"]["m.0"].copy()
    second = AdamW(parameters()[:count])
    second.load_state_dict(state)
    run(second, range(3))
    assert (state["arrays"]["m.0"] == before).all()


def test_a_state_brings_its_rate_and_settings():
    first = AdamW(parameters(), lr=0.5, betas=(0.1, 0.2), weight_decay=0.3)
    second = AdamW(parameters())
    second.load_state_dict(first.state_dict())
    assert second.lr == 0.5
    assert second.groups[0].settings == {"betas": (0.1, 0.2), "eps": 1e-8, "weight_decay": 0.3}


def test_a_parameter_without_gradient_stays_and_its_steps_are_not_counted():
    late, early = Parameter(np.ones(2)), Parameter(np.ones(2))
    optimizer = AdamW([late, early], lr=0.1, weight_decay=0.5)
    for _ in range(5):
        early.grad = mb.tensor(np.ones(2))
        optimizer.step()
    assert late.tolist() == [1.0, 1.0] and early.tolist() != [1.0, 1.0]
    assert list(optimizer.state_dict()["arrays"]) == ["m.1", "v.1"]
    alone = Parameter(np.ones(2))
    late.grad = alone.grad = mb.tensor(np.full(2, 3.0))
    early.grad = None
    optimizer.step()
    AdamW([alone], lr=0.1, weight_decay=0.5).step()
    assert late.tolist() == alone.tolist()
    assert optimizer.state_dict()["steps"] == {"0": 1, "1": 5}


def test_a_frozen_parameter_is_left_alone():
    p, frozen = parameters()[:2]
    frozen.requires_grad = False
    before = frozen.numpy().copy()
    optimizer = AdamW([p, frozen])
    p.grad = mb.tensor(np.ones(p.shape))
    optimizer.step()
    optimizer.zero_grad()
    assert (frozen.numpy() == before).all() and p.grad is None


def test_a_step_makes_older_graphs_invalid():
    p = Parameter([1.0, 2.0])
    loss = (p * p).sum()
    p.grad = mb.tensor([1.0, 1.0])
    SGD([p], lr=0.1).step()
    with pytest.raises(mb.InputError, match="assigned"):
        loss.backward()


def test_parameters_keep_array_and_dtype():
    p = Parameter(np.ones(3, "float32"))
    array = p.data
    optimizer = AdamW([p], lr=np.float64(0.1), weight_decay=np.float64(0.1))
    optimizer.lr = np.float32(0.25)
    p.grad = mb.tensor(np.ones(3, "float32"))
    with mb.reference():
        optimizer.step()
    assert p.data is array and p.dtype == np.float32 and type(optimizer.lr) is float


def test_the_rate_can_be_set_before_each_step():
    p = Parameter(np.zeros(1))
    optimizer = SGD([p], lr=1.0)
    for lr in (1.0, 0.5, 0.0):
        optimizer.lr = lr
        p.grad = mb.tensor(np.ones(1))
        optimizer.step()
    assert p.item() == -1.5


def test_groups_have_settings_of_their_own():
    decayed, plain = Parameter(np.ones((1, 1))), Parameter(np.ones(1))
    groups = [{"parameters": [decayed], "weight_decay": 0.5}, {"parameters": iter([plain])}]
    optimizer = SGD(groups, lr=1.0, weight_decay=0.0)
    decayed.grad, plain.grad = mb.tensor([[0.0]]).astype("float64"), mb.tensor(np.zeros(1))
    optimizer.step()
    assert decayed.item() == 0.5 and plain.item() == 1.0


def test_decay_groups_parts_matrices_from_vectors():
    model = Sequential(Linear(3, 2), LayerNorm(2), Embedding(5, 2))
    matrices, vectors = decay_groups(model, 0.1)
    assert [p.shape for p in matrices["parameters"]] == [(3, 2), (5, 2)]
    assert [p.shape for p in vectors["parameters"]] == [(2,), (2,), (2,)]
    assert (matrices["weight_decay"], vectors["weight_decay"]) == (0.1, 0.0)
    assert len(AdamW(decay_groups(model, 0.1)).groups) == 2


def test_decay_groups_leaves_out_an_empty_group():
    assert len(decay_groups(Linear(3, 2, bias=False), 0.1)) == 1


def test_a_new_rule_needs_only_update_and_its_state_names():
    class Counting(Optimizer):
        state_names = ("total",)

        def update(self, p, g, total, /, *, t, factor):
            return p - factor * g, total + g

    p = Parameter(np.zeros(1))
    optimizer = Counting([p], lr=0.0, factor=2.0)
    for _ in range(3):
        p.grad = mb.tensor(np.ones(1))
        optimizer.step()
    assert p.item() == -6.0 and optimizer.state_dict()["arrays"]["total.0"].item() == 3.0


@pytest.mark.parametrize("make", [SGD, Adam, AdamW])
@pytest.mark.parametrize("dtypes", ["ff", "fd"])
def test_small_parameters_that_share_a_call_get_the_bits_of_single_ones(make, dtypes):
    numbers = np.random.default_rng(0)
    shapes = [(3, 5), (7,), (), (0,), (5000,), (4, 1, 2)]
    values = [numbers.standard_normal(s).astype(dtypes[len(s) == 1]) for s in shapes]
    together, alone = [[Parameter(v) for v in values] for _ in range(2)]
    joined, single = make(together, lr=0.1), [make([p], lr=0.1) for p in alone]
    for step in range(3):
        for i, (p, q) in enumerate(zip(together, alone, strict=True)):
            g = mb.tensor(numbers.standard_normal(p.shape).astype(p.dtype))
            p.grad = q.grad = None if step == i else g  # so some have had fewer steps than others
        for optimizer in (joined, *single):
            optimizer.step()
    for i, (p, q) in enumerate(zip(together, alone, strict=True)):
        assert np.array_equal(p.numpy(), q.numpy())
        state, own = joined.state_dict(), single[i].state_dict()
        assert state["steps"][str(i)] == own["steps"]["0"]
        for name in joined.state_names:
            assert np.array_equal(state["arrays"][f"{name}.{i}"], own["arrays"][f"{name}.0"])


class Unit(SGD):
    """A rule that looks at all numbers of a parameter together."""

    def update(self, p, g, u, /, *, t, **settings):
        return p - self.lr * g / mb.norm(g), u


def test_a_rule_that_replaces_another_gets_each_parameter_by_itself():
    optimizer = Unit([Parameter([0.0, 0.0]), Parameter([0.0, 0.0])], lr=1.0)
    for p in optimizer.parameters:
        p.grad = mb.tensor([3.0, 4.0])
    optimizer.step()
    assert np.allclose([p.tolist() for p in optimizer.parameters], [[-0.6, -0.8]] * 2)


def test_an_update_that_fails_counts_no_step():
    class Failing(SGD):
        def update(self, *inputs, **settings):
            raise mb.InputError("no")

    optimizer = Failing([Parameter([1.0])], lr=0.1)
    optimizer.parameters[0].grad = mb.tensor([1.0])
    with pytest.raises(mb.InputError):
        optimizer.step()
    assert optimizer.state_dict()["steps"] == {"0": 0}


@pytest.mark.parametrize(
    ("name", "way"),
    [("param_groups", "optimizer.groups"), ("state", "state_dict"), ("add_param_group", "groups")],
)
def test_names_of_pytorch_are_refused_with_our_way(name, way):
    with pytest.raises(AttributeError, match=f"AdamW has no attribute '{name}'.*{way}"):
        getattr(AdamW([Parameter([1.0])]), name)


@pytest.mark.parametrize(("name", "way"), [("lr_scheduler", "cosine_sch"), ("RMSprop", "Adam")])
def test_what_pytorch_has_beside_its_optimizers_is_refused_with_our_way(name, way):
    with pytest.raises(AttributeError, match=f"'minibig.optim' has no attribute '{name}'.*{way}"):
        getattr(mb.optim, name)


def _result():
    return Parameter([1.0]) * 2.0


def _twice():
    p = Parameter([1.0])
    return [{"parameters": [p]}, {"parameters": [p]}]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: AdamW([]), "at least one parameter"),
        (lambda: AdamW(iter(())), "at least one parameter"),
        (lambda: AdamW([{"parameters": []}]), "at least one parameter"),
        (lambda: AdamW(Linear(2, 2)), r"got Linear. Give model.parameters\(\)"),
        (lambda: AdamW(Parameter([1.0])), "must be a list; got Parameter"),
        (lambda: AdamW([np.ones(2)]), "needs parameters; got ndarray"),
        (lambda: AdamW([mb.tensor([1.0])]), "needs parameters; got Tensor"),
        (lambda: AdamW([_result()]), "leaves only; this tensor is the result of mul"),
        (lambda: AdamW([("a", Parameter([1.0])), Parameter([1.0])]), "got tuple"),
        (lambda: AdamW([("a", Parameter([1.0])), ("a", Parameter([1.0]))]), "names that differ"),
        (lambda: AdamW([Parameter([1.0])] * 2 + parameters()), "comes twice"),
        (lambda: AdamW(_twice()), "comes twice"),
        (lambda: AdamW([Parameter(np.ones(2, "float16"))]), "got float16"),
        (lambda: AdamW([{"params": []}]), 'with "parameters"'),
        (lambda: AdamW([{"parameters": []}, Parameter([1.0])]), "got Parameter"),
        (lambda: AdamW([{"parameters": [], "lr": 1.0}]), "optimizer.lr"),
        (lambda: SGD([{"parameters": [], "eps": 1.0}], lr=1), "can set momentum"),
        (lambda: AdamW(parameters(), lr=-1e-9), "lr must be .*got -1e-09"),
        (lambda: AdamW(parameters(), lr=float("nan")), "lr must be .*got nan"),
        (lambda: AdamW(parameters(), lr="0.1"), "lr must be .*got '0.1'"),
        (lambda: AdamW(parameters(), lr=True), "lr must be .*got True"),
        (
            lambda: AdamW(parameters(), betas=(0.9, 1.0)),
            "betas must be a number of at least 0 and below 1; got 1.0",
        ),
        (lambda: AdamW(parameters(), betas=(-0.1, 0.9)), "got -0.1"),
        (lambda: AdamW(parameters(), betas=0.9), "betas must be a pair"),
        (lambda: Adam(parameters(), eps=0), "eps must be a number above 0"),
        (lambda: Adam(parameters(), weight_decay=-1), "weight_decay must be a number of"),
        (lambda: SGD(parameters(), lr=0.1, momentum=1), "momentum must be a number of"),
        (lambda: SGD(parameters(), lr=0.1, nesterov=True), "momentum above 0"),
        (lambda: decay_groups(parameters(), 0.1), "must be a module; got"),
    ],
)
def test_wrong_uses_are_refused_with_a_sentence(make, words):
    with pytest.raises(mb.InputError, match=words):
        make()


def test_a_bad_rate_is_refused_when_it_is_set():
    optimizer = SGD(parameters(), lr=0.1)
    with pytest.raises(mb.InputError, match="lr must be a number of at least 0"):
        optimizer.lr = -1.0
    assert optimizer.lr == 0.1


def _state(**changes):
    optimizer = AdamW(parameters())
    run(optimizer, range(2))
    return {**optimizer.state_dict(), **changes}


def _arrays(**changes):
    arrays = {**_state()["arrays"], **changes}
    return {name: array for name, array in arrays.items() if array is not None}


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: {}, "it has no 'kind', 'lr', 'groups', 'steps', 'arrays'"),
        (lambda: _state(kind="SGD"), "it was saved by 'SGD'"),
        (lambda: Adam(parameters()).state_dict(), "it was saved by 'Adam'"),
        (lambda: _state(steps=[2, 2]), r"groups of \[None\] parameters, .* has groups of \[4\]"),
        (lambda: _state(steps={"0": 2, "9": 2}), "parameters that are not here: 9"),
        (lambda: _state(steps={"0": -2}), "a parameter had -2 steps"),
        (lambda: _state(groups=3), "its groups is 3"),
        (
            lambda: _state(arrays=_arrays(**{"m.0": None, "v.2": None})),
            "m.0 is missing; v.2 is mis",
        ),
        (lambda: _state(arrays=_arrays(x=np.ones(1))), "x is not expected"),
        (
            lambda: _state(arrays=_arrays(**{"m.1": np.ones(3), "v.1": np.ones(4, "float32")})),
            r"m.1 must be float64 of shape \(4,\), not .* \(3,\); v.1 must be .*, not float32",
        ),
        (lambda: _state(steps={"0": 2, "1": 2, "2": 2, "3": 0}), "m.3 is not expected; v.3 is not"),
        (lambda: _state(lr=-1.0), "lr must be a number of at least 0"),
    ],
)
def test_a_state_that_does_not_fit_is_refused_with_every_reason_and_changes_nothing(make, words):
    optimizer = AdamW(parameters(), lr=0.125)
    run(optimizer, range(1))
    before = optimizer.state_dict()
    with pytest.raises(mb.InputError, match=words):
        optimizer.load_state_dict(make())
    after = optimizer.state_dict()
    arrays = before.pop("arrays"), after.pop("arrays")
    assert before == after
    assert all((a == b).all() for a, b in zip(*(x.values() for x in arrays), strict=True))


class Net(mb.nn.Module):
    def __init__(self, seed=0, extra=False):
        mb.manual_seed(seed)
        self.first = Linear(3, 4)
        if extra:
            self.between = LayerNorm(4)
        self.last = Linear(4, 2)

    def forward(self, x):
        x = self.first(x)
        return self.last(self.between(x) if hasattr(self, "between") else x)


def trained(net, optimizer, steps=3):
    for _ in range(steps):
        (net(mb.ones((2, 3))) ** 2).mean().backward()
        optimizer.step()
        optimizer.zero_grad()


MADE = {
    "AdamW": lambda net: AdamW(decay_groups(net, 0.1), lr=0.01),
    "Muon": lambda net: Muon(muon_groups(net, 0.1), lr=0.01),
    "Adafactor": lambda net: Adafactor(net.named_parameters(), lr=0.01),
}
each_kind = pytest.mark.parametrize("make", MADE.values(), ids=MADE)


@each_kind
def test_the_state_of_a_parameter_has_its_name(make):
    net = Net()
    optimizer = make(net)
    trained(net, optimizer)
    state = optimizer.state_dict()
    names = [name for name, _ in net.named_parameters()]
    assert set(state["steps"]) == set(names) and set(state["steps"].values()) == {3}
    assert {key.partition(".")[2] for key in state["arrays"]} == set(names)
    assert {name for group in state["groups"] for name in group["names"]} == set(names)


@each_kind
def test_a_parameter_that_is_added_shifts_nothing(make):
    net = Net()
    optimizer = make(net)
    trained(net, optimizer)
    state = optimizer.state_dict()
    larger = Net(extra=True)
    other = make(larger)
    other.load_state_dict(state)
    found = other.state_dict()
    for name, array in state["arrays"].items():
        np.testing.assert_array_equal(found["arrays"][name], array)
    assert found["arrays"].keys() == state["arrays"].keys()
    assert {t for name, t in found["steps"].items() if name.startswith("between.")} == {0}


@each_kind
def test_a_parameter_that_is_frozen_shifts_nothing_and_stays(make):
    nets = [Net(), Net()]
    optimizers = [make(net) for net in nets]
    for net, optimizer in zip(nets, optimizers, strict=True):
        trained(net, optimizer)
    state = optimizers[0].state_dict()
    mb.nn.freeze(nets[1], "first.*")
    second = make(nets[1])
    second.load_state_dict(state)
    before = nets[1].first.weight.numpy().copy()
    trained(nets[1], second)
    np.testing.assert_array_equal(nets[1].first.weight.numpy(), before)
    steps = second.state_dict()["steps"]
    assert (steps["first.weight"], steps["last.weight"]) == (3, 6)
    kept = [name for name in state["arrays"] if "first.weight" in name]
    for name in kept:
        np.testing.assert_array_equal(second.state_dict()["arrays"][name], state["arrays"][name])


@each_kind
def test_a_state_that_numbers_its_parameters_goes_on_by_their_order(make):
    """As the versions before names wrote it."""
    net = Net()
    optimizer = make(net)
    trained(net, optimizer)
    state = optimizer.state_dict()
    names = [name for group in state["groups"] for name in group["names"]]
    old = {
        **state,
        "groups": [
            {"n_parameters": len(g["names"]), "settings": g["settings"]} for g in state["groups"]
        ],
        "steps": [3] * len(names),
        "arrays": {
            f"{key.partition('.')[0]}.{names.index(key.partition('.')[2])}": array
            for key, array in state["arrays"].items()
        },
    }
    other = make(Net())
    other.load_state_dict(old)
    found = other.state_dict()
    for name, array in state["arrays"].items():
        np.testing.assert_array_equal(found["arrays"][name], array)
    with pytest.raises(mb.InputError, match="this state numbers its parameters"):
        make(Net(extra=True)).load_state_dict(old)


def test_pairs_of_name_and_parameter_are_taken():
    net = Net()
    assert list(AdamW(net.named_parameters()).state_dict()["steps"]) == [
        "first.weight",
        "first.bias",
        "last.weight",
        "last.bias",
    ]

"""Muon and Adafactor: whole runs against their rules, PyTorch's, memory, groups, wrong uses."""

import numpy as np
import pytest
from ops.references import adafactor_reference, muon_reference

import minibig as mb
from minibig.models import GPT, GPTConfig
from minibig.nn import Embedding, LayerNorm, Linear, Module, Parameter, Sequential
from minibig.optim import Adafactor, AdamW, Muon, muon_groups

SHAPES = [(4, 6), (6, 4), (5,), (2, 3, 4)]
STEPS = 50


def starts():
    return [np.random.default_rng(i).standard_normal(shape) for i, shape in enumerate(SHAPES)]


def gradients(t):
    """Gradients of any size, the same for everybody who asks for step t."""
    generator = np.random.default_rng([7, t])
    sizes = 10.0 ** generator.uniform(-3, 1, len(SHAPES))
    return [s * generator.standard_normal(shape) for s, shape in zip(sizes, SHAPES, strict=True)]


def run(optimizer, steps=range(STEPS)):
    for t in steps:
        for p, g in zip(optimizer.parameters, gradients(t), strict=True):
            p.grad = mb.tensor(g.astype(p.dtype))
        optimizer.step()
    return [p.numpy().copy() for p in optimizer.parameters]


def test_adafactor_is_its_rule_step_for_step():
    settings = {"lr": 0.02, "decay": 0.8, "eps": 1e-30, "min_scale": 1e-3, "clip": 1.0}
    settings["weight_decay"] = 0.01
    ours = run(Adafactor([Parameter(p) for p in starts()], **settings))
    for i, p in enumerate(starts()):
        few = [p.shape] if p.ndim < 2 else [p.shape[:-1], (*p.shape[:-2], p.shape[-1])]
        state = [np.zeros(shape) for shape in few]
        for t in range(STEPS):
            p, *state = adafactor_reference(p, gradients(t)[i], *state, **settings, t=t + 1)
        np.testing.assert_allclose(ours[i], p, rtol=1e-9, atol=1e-12)


def test_muon_is_its_rule_for_matrices_and_adamw_for_all_else():
    settings = {"lr": 0.02, "weight_decay": 0.1}
    ours = run(Muon([Parameter(p) for p in starts()], **settings, momentum=0.9))
    adamw = run(AdamW([Parameter(p) for p in starts()], **settings, betas=(0.9, 0.95)))
    for i, p in enumerate(starts()):
        if p.ndim != 2:
            np.testing.assert_array_equal(ours[i], adamw[i])
            continue
        m = np.zeros_like(p)
        for t in range(STEPS):
            p, m = muon_reference(p, gradients(t)[i], m, **settings, momentum=0.9)
        np.testing.assert_allclose(ours[i], p, rtol=1e-7, atol=1e-7)


@pytest.mark.oracle
def test_adafactor_equals_pytorchs():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    ours = run(Adafactor([Parameter(p) for p in starts()], lr=0.01, weight_decay=0.1))
    theirs = [torch.nn.Parameter(torch.from_numpy(p)) for p in starts()]
    settings = {"lr": 0.01, "weight_decay": 0.1, "eps": (1e-15, 1e-3), "d": 1.0}
    optimizer = torch.optim.Adafactor(theirs, **settings)
    for t in range(STEPS):
        for p, g in zip(theirs, gradients(t), strict=True):
            p.grad = torch.from_numpy(g)
        optimizer.step()
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b.detach().numpy(), rtol=1e-7, atol=1e-9)


@pytest.mark.oracle
def test_a_step_of_muon_is_pytorchs_as_far_as_its_bfloat16_reaches():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    if not hasattr(torch.optim, "Muon"):
        pytest.skip("this PyTorch has no Muon")
    start, g = starts()[0].astype(np.float32), gradients(0)[0].astype(np.float32)
    p, q = Parameter(start.copy()), torch.nn.Parameter(torch.from_numpy(start.copy()))
    p.grad, q.grad = mb.tensor(g), torch.from_numpy(g)
    Muon([p], lr=0.1, weight_decay=0.1).step()
    torch.optim.Muon([q], lr=0.1, weight_decay=0.1, adjust_lr_fn="match_rms_adamw").step()
    ours, theirs = p.numpy() - start, q.detach().numpy() - start
    assert np.abs(ours - theirs).max() < 0.02 * np.abs(theirs).max()


def kept_bytes(optimizer):
    return sum(array.nbytes for array in optimizer.state_dict()["arrays"].values())


def test_the_state_is_as_small_as_promised():
    D, F = 256, 512
    p, bias = Parameter(np.ones((D, F), np.float32)), Parameter(np.ones(F, np.float32))
    sizes = {}
    for kind in (AdamW, Muon, Adafactor):
        optimizer = kind([p, bias])
        p.grad, bias.grad = mb.ones((D, F)), mb.ones((F,))
        optimizer.step()
        sizes[kind] = kept_bytes(optimizer)
    assert sizes[AdamW] == 4 * (2 * D * F + 2 * F)
    assert sizes[Muon] == 4 * (D * F + 2 * F)
    assert sizes[Adafactor] == 4 * (D + F + F)


class Small(Module):
    def __init__(self):
        self.table = Embedding(7, 4)
        self.body = Sequential(Linear(4, 4), LayerNorm(4))
        self.head = Linear(4, 7, bias=False)

    def forward(self, ids):
        return self.head(self.body(self.table(ids)))


def test_muon_groups_parts_hidden_matrices_tables_and_vectors():
    model = Small()
    hidden, tables, vectors = muon_groups(model, 0.1, others=[model.head.weight])
    assert [p is model.body[0].weight for p in hidden["parameters"]] == [True]
    assert {id(p) for p in tables["parameters"]} == {id(model.table.weight), id(model.head.weight)}
    assert all(len(p.shape) == 1 for p in vectors["parameters"])
    assert (hidden["orthogonal"], tables["orthogonal"]) == (True, False)
    assert [g["weight_decay"] for g in (hidden, tables, vectors)] == [0.1, 0.1, 0.0]
    parameters = [p for group in muon_groups(model, 0.1) for p in group["parameters"]]
    assert {id(p) for p in parameters} == {id(p) for p in model.parameters()}
    assert len(muon_groups(Linear(3, 2, bias=False), 0.1)) == 1


def test_the_positions_of_a_gpt_are_a_table_like_its_tokens():
    model = GPT(GPTConfig(vocab_size=9, context_length=8, n_layers=2, n_heads=1, d_model=4))
    hidden, tables, vectors = (g["parameters"] for g in muon_groups(model, 0.1))
    embeddings = (model.token_embedding.weight, model.position_embedding.weight)
    assert [id(p) for p in tables] == [id(p) for p in embeddings]
    assert len(hidden) == 2 * 4 and len(vectors) == 2 * (4 + 4) + 2


@pytest.mark.parametrize(
    "make",
    [
        lambda model: Muon(muon_groups(model, 0.0), lr=0.1),
        lambda model: Adafactor(model.parameters(), lr=0.1),
    ],
    ids=["Muon", "Adafactor"],
)
def test_a_small_model_learns_its_table(make):
    model, ids = Small(), np.arange(7)
    optimizer = make(model)
    for _ in range(60):
        loss = mb.cross_entropy(model(ids), mb.tensor((ids * 3 + 1) % 7))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.1


def test_a_state_brings_the_kind_of_each_matrix_with_it():
    groups = lambda orthogonal: [{"parameters": [Parameter(starts()[0])], "orthogonal": orthogonal}]
    first, second = Muon(groups(False)), Muon(groups(True))
    for optimizer in (first, second):
        optimizer.parameters[0].grad = mb.tensor(gradients(0)[0])
        optimizer.step()
    second.load_state_dict(first.state_dict())
    assert sorted(second.state_dict()["arrays"]) == ["m.0", "v.0"]
    second.parameters[0].assign(first.parameters[0].data.copy())
    for optimizer in (first, second):
        optimizer.step()
    assert first.parameters[0].numpy().tobytes() == second.parameters[0].numpy().tobytes()


def state(**changes):
    optimizer = Adafactor([Parameter(p) for p in starts()])
    run(optimizer, range(2))
    return {**optimizer.state_dict(), **changes}


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda p: Muon([]), mb.InputError, "at least one parameter"),
        (lambda p: Muon(p, lr=-1), mb.InputError, "lr must be a number of at least 0"),
        (lambda p: Muon(p, momentum=1.0), mb.InputError, "momentum must be a number of"),
        (lambda p: Muon(p, orthogonal=1), mb.InputError, "orthogonal must be True or False; got 1"),
        (lambda p: Muon(p, betas=0.9), mb.InputError, "betas must be a pair"),
        (lambda p: Muon([{"parameters": p, "nesterov": True}]), mb.InputError, "got nesterov"),
        (lambda p: muon_groups(p, 0.1), mb.InputError, "must be a module; got"),
        (lambda p: Adafactor([]), mb.InputError, "at least one parameter"),
        (lambda p: Adafactor(p, decay=0), mb.InputError, "decay must be a number above 0; got 0"),
        (lambda p: Adafactor(p, clip=-1), mb.InputError, "clip must be a number above 0"),
        (lambda p: Adafactor(p, eps=0.0), mb.InputError, "eps must be a number above 0"),
        (lambda p: Adafactor(p, min_scale="a"), mb.InputError, "min_scale must be .* got 'a'"),
        (lambda p: Adafactor(p).load_state_dict(Muon(p).state_dict()), mb.InputError, "by 'Muon'"),
        (
            lambda p: Adafactor(p).load_state_dict(state(arrays={})),
            mb.InputError,
            "r.0 is missing; c.0 is missing",
        ),
        (
            lambda p: Adafactor(p).load_state_dict(
                state(arrays={**state()["arrays"], "c.0": np.ones(4)})
            ),
            mb.InputError,
            r"c.0 must be float64 of shape \(6,\), not float64 of shape \(4,\)",
        ),
    ],
)
def test_wrong_uses_are_refused_with_a_sentence(make, error, words):
    with pytest.raises(error, match=words):
        make([Parameter(p) for p in starts()])

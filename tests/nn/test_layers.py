"""What every layer must do, whatever its formula: one row per layer, one test per claim."""

from typing import Any, NamedTuple

import numpy as np
import pytest

import minibig as mb
from minibig.nn import (
    ELU,
    GELU,
    CrossAttention,
    Dropout,
    Embedding,
    FeedForward,
    LayerNorm,
    LeakyReLU,
    Linear,
    MultiHeadAttention,
    PostNormBlock,
    PreNormBlock,
    ReLU,
    RMSNorm,
    RotaryPositions,
    Sequential,
    Sigmoid,
    SiLU,
    Tanh,
)

T, S, D = 5, 3, 8


class Row(NamedTuple):
    """How to build a layer, and the shapes of its inputs after the batch axis."""

    build: Any
    inputs: tuple[tuple[int, ...], ...] = ((T, D),)
    checks_width: bool = True
    ids: bool = False


LAYERS = {
    "Linear": Row(lambda: Linear(D, 6)),
    "Linear without bias": Row(lambda: Linear(D, 6, bias=False)),
    "Embedding": Row(lambda: Embedding(9, D), ((T,),), checks_width=False, ids=True),
    "Dropout": Row(lambda: Dropout(0.5).eval(), checks_width=False),
    "LayerNorm": Row(lambda: LayerNorm(D)),
    "RMSNorm": Row(lambda: RMSNorm(D)),
    "ReLU": Row(ReLU, checks_width=False),
    "LeakyReLU": Row(LeakyReLU, checks_width=False),
    "ELU": Row(ELU, checks_width=False),
    "GELU": Row(GELU, checks_width=False),
    "SiLU": Row(SiLU, checks_width=False),
    "Tanh": Row(Tanh, checks_width=False),
    "Sigmoid": Row(Sigmoid, checks_width=False),
    "Sequential": Row(lambda: Sequential(Linear(D, 4), Tanh(), Linear(4, D))),
    "RotaryPositions": Row(lambda: RotaryPositions(D, T)),
    "MultiHeadAttention": Row(lambda: MultiHeadAttention(D, 2)),
    "causal MultiHeadAttention": Row(lambda: MultiHeadAttention(D, 4, causal=True)),
    "rotary MultiHeadAttention": Row(
        lambda: MultiHeadAttention(D, 2, bias=False, rotary=RotaryPositions(D // 2, T))
    ),
    "CrossAttention": Row(lambda: CrossAttention(D, 2), ((T, D), (S, D))),
    "FeedForward": Row(lambda: FeedForward(D, 12)),
    "PreNormBlock": Row(
        lambda: PreNormBlock(MultiHeadAttention(D, 2, causal=True), FeedForward(D, 12))
    ),
    "PostNormBlock": Row(
        lambda: PostNormBlock(MultiHeadAttention(D, 2), FeedForward(D, 12, mb.relu))
    ),
}

every_layer = pytest.mark.parametrize("row", LAYERS.values(), ids=LAYERS)


def built(row, dtype="float32"):
    """The layer with every parameter random, so that no zero or one hides a mistake."""
    layer = row.build().to(dtype)
    numbers = np.random.default_rng(1)
    for parameter in layer.parameters():
        values = 0.5 * numbers.standard_normal(parameter.shape)
        parameter.assign(values.astype(parameter.dtype))
    return layer


def inputs_of(row, batch, dtype="float32"):
    numbers = np.random.default_rng(2)
    if row.ids:
        return [numbers.integers(0, 9, (batch, *shape)) for shape in row.inputs]
    return [numbers.standard_normal((batch, *shape)).astype(dtype) for shape in row.inputs]


def run(layer, arrays):
    return layer(*map(mb.Tensor, arrays)).numpy()


@every_layer
@pytest.mark.parametrize("batch", [0, 1, 3])
def test_any_batch_size_works_forward_and_backward(row, batch):
    layer, arrays = built(row), inputs_of(row, batch)
    tensors = [mb.tensor(a, requires_grad=a.dtype.kind == "f") for a in arrays]
    y = layer(*tensors)
    assert y.shape[:2] == (batch, T)
    if y.requires_grad:
        y.sum().backward()
        for leaf in [*tensors, *layer.parameters()]:
            if leaf.requires_grad and batch:
                assert leaf.grad.shape == leaf.shape and np.isfinite(leaf.grad.numpy()).all()


@every_layer
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_dtype_is_kept_forward_and_backward(row, dtype):
    layer = built(row, dtype)
    tensors = [mb.tensor(a, requires_grad=a.dtype.kind == "f") for a in inputs_of(row, 2, dtype)]
    y = layer(*tensors)
    assert y.dtype == dtype
    y.sum().backward()
    leaves = [leaf for leaf in [*tensors, *layer.parameters()] if leaf.requires_grad]
    assert all(leaf.grad.dtype == dtype for leaf in leaves)


@every_layer
def test_a_non_contiguous_or_read_only_input_gives_the_same_and_is_not_modified(row):
    layer, arrays = built(row), inputs_of(row, 3)
    expected = run(layer, arrays)
    strange = [np.repeat(a, 2, axis=1)[:, ::2] for a in arrays]
    fortran = [np.asfortranarray(a) for a in arrays]
    for variant in (strange, fortran):
        before = [a.copy() for a in variant]
        for a in variant:
            a.flags.writeable = False
        np.testing.assert_allclose(run(layer, variant), expected, rtol=1e-5, atol=1e-6)
        assert all((a == b).all() for a, b in zip(variant, before, strict=True))


@every_layer
def test_permuting_the_batch_permutes_the_output(row):
    layer, arrays = built(row), inputs_of(row, 4)
    order = [2, 0, 3, 1]
    permuted = run(layer, [a[order] for a in arrays])
    np.testing.assert_allclose(permuted, run(layer, arrays)[order], rtol=1e-5, atol=1e-6)


@every_layer
def test_one_example_alone_gives_what_it_gives_in_a_batch(row):
    layer, arrays = built(row), inputs_of(row, 4)
    alone = run(layer, [a[1:2] for a in arrays])
    np.testing.assert_allclose(alone[0], run(layer, arrays)[1], rtol=1e-5, atol=1e-6)


@every_layer
def test_a_twin_with_the_same_state_gives_the_same_bits(row):
    layer, twin = built(row), row.build()
    twin.load_state_dict(layer.state_dict())
    arrays = inputs_of(row, 2)
    assert (run(layer, arrays) == run(twin, arrays)).all()


@every_layer
def test_evaluation_changes_nothing_without_dropout(row):
    layer, arrays = built(row), inputs_of(row, 2)
    expected = run(layer, arrays)
    assert (run(layer.eval().eval(), arrays) == expected).all()


@every_layer
def test_gradients_are_right_for_inputs_and_parameters(row):
    layer = built(row, "float64")
    parameters = list(layer.parameters())
    arrays = [mb.Tensor(a) for a in inputs_of(row, 2, "float64")]

    def f(*leaves):
        """The layer as a function of its parameters, too."""
        holders = dict(zip(map(id, parameters), leaves, strict=False))
        for _, module in layer.named_modules():
            for name, value in list(vars(module).items()):
                if id(value) in holders:
                    vars(module)[name] = holders[id(value)]
        try:
            return layer(*leaves[len(parameters) :])
        finally:
            restore(layer, {id(leaf): p for p, leaf in zip(parameters, leaves, strict=False)})

    mb.check_gradients(f, *(p.detach() for p in parameters), *arrays, order=2)


def restore(layer, originals):
    for _, module in layer.named_modules():
        for name, value in list(vars(module).items()):
            if id(value) in originals:
                vars(module)[name] = originals[id(value)]


@every_layer
def test_another_device_gives_the_same_forward_and_backward(row, device):
    layer, arrays = built(row), inputs_of(row, 2)
    expected = run(layer, arrays)
    g = np.random.default_rng(3).standard_normal(expected.shape).astype("float32")

    def gradients():
        tensors = [mb.tensor(a, device=device, requires_grad=a.dtype.kind == "f") for a in arrays]
        y = layer.to(device)(*tensors)
        assert y.device == mb.device(device)
        y.backward(mb.tensor(g, device=device))
        np.testing.assert_allclose(y.numpy(), expected, rtol=1e-5, atol=2e-6)
        leaves = [leaf for leaf in [*tensors, *layer.parameters()] if leaf.requires_grad]
        return [leaf.grad.numpy() for leaf in leaves]

    there = gradients()
    device = "cpu"
    layer.to("cpu")
    for parameter in layer.parameters():
        parameter.grad = None
    for a, b in zip(there, gradients(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


@every_layer
def test_kernels_give_what_the_formulas_give(row):
    layer, arrays = built(row), inputs_of(row, 3)
    fast = run(layer, arrays)
    with mb.reference():
        np.testing.assert_allclose(fast, run(layer, arrays), rtol=1e-5, atol=2e-6)


@every_layer
def test_repr_and_summary_name_the_class(row):
    layer = row.build()
    assert repr(layer).startswith(f"{type(layer).__name__}(")
    total = f"{sum(p.size for p in layer.parameters()):,}"
    assert layer.summary().splitlines()[-1].split() == ["total", total]


@pytest.mark.parametrize(
    "row", [row for row in LAYERS.values() if row.checks_width], ids=lambda row: None
)
def test_a_wrong_width_is_refused_by_one_sentence(row):
    arrays = [a[..., :-1] for a in inputs_of(row, 2)]
    with pytest.raises(mb.InputError, match="must have"):
        run(row.build(), arrays)


def test_a_linear_layer_is_the_sum_of_products():
    layer, x = built(LAYERS["Linear"]), inputs_of(LAYERS["Linear"], 2)[0]
    W, b = layer.weight.numpy(), layer.bias.numpy()
    expected = [
        [[sum(row[i] * W[i, j] for i in range(D)) + b[j] for j in range(6)] for row in example]
        for example in x
    ]
    np.testing.assert_allclose(run(layer, [x]), expected, rtol=1e-5, atol=1e-5)


def test_an_embedding_takes_tensors_arrays_and_lists():
    layer = Embedding(9, 4)
    expected = layer.weight.numpy()[[[1, 8]]]
    for ids in (mb.tensor([[1, 8]]), np.array([[1, 8]], "uint16"), [[1, 8]], ((1, 8),)):
        assert (layer(ids).numpy() == expected).all()


@pytest.mark.parametrize(
    ("ids", "sentence"),
    [
        ([[9]], "must be whole numbers from 0 to 8; got 9"),
        ([[-1]], "must be whole numbers from 0 to 8; got -1"),
        ([[0.5]], "must be whole numbers"),
        ([[True]], "must be whole numbers"),
        ([[1], [2, 3]], "rectangular"),
        ("text", "real numbers"),
    ],
)
def test_an_embedding_refuses_what_is_no_id(ids, sentence):
    with pytest.raises(mb.InputError, match=sentence):
        Embedding(9, 4)(ids)


@pytest.mark.parametrize("layer", [LayerNorm, RMSNorm])
def test_a_norm_forgets_the_scale_of_its_input(layer):
    x = mb.tensor(np.random.default_rng(0).standard_normal((4, 64)))
    norm = layer(64, eps=1e-12).to("float64")
    np.testing.assert_allclose(norm(x).numpy(), norm(1000.0 * x).numpy(), rtol=1e-9)
    y = norm(x).numpy()
    np.testing.assert_allclose((y * y).mean(-1), 1.0, rtol=1e-9)


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (lambda: Linear(0, 3), "d_in must be a whole number of at least 1; got 0"),
        (lambda: Linear(3, 2.5), "d_out must be a whole number of at least 1; got 2.5"),
        (lambda: Embedding(True, 3), "n must be a whole number"),
        (lambda: LayerNorm(3, eps=0.0), "eps must be a number above 0 and below 1; got 0.0"),
        (lambda: RMSNorm(-1), "d must be a whole number of at least 1; got -1"),
        (lambda: RMSNorm(3, eps=float("nan")), "eps must be"),
        (lambda: FeedForward(3, 0), "d_ff must be a whole number"),
    ],
)
def test_sizes_that_make_no_sense_are_refused(build, sentence):
    with pytest.raises(mb.InputError, match=sentence):
        build()

"""float32 stays float32; whole numbers are real numbers where a formula means them; float16."""

import math
import operator
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minibig as mb

from .specifications import ROWS

WHOLE = ["bool", "int8", "uint8", "int32", "int64", "uint64"]
ARITHMETIC = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow]
OF_TWO = [*ARITHMETIC, operator.mod, operator.floordiv, mb.maximum, mb.minimum, mb.arctan2]
X = np.array([[1.5, 2.5], [0.5, 3.0]], np.float32)


def name_of(operate):
    return getattr(operate, "__name__", str(operate))


def beside(dtype):
    return np.array([[1, 2], [1, 1]]).astype(dtype)


OTHERS = {
    **{dtype: lambda dtype=dtype: mb.tensor(beside(dtype)) for dtype in WHOLE},
    **{f"array of {dtype}": lambda dtype=dtype: beside(dtype) for dtype in WHOLE},
    "int": lambda: 2,
    "float": lambda: 2.0,
    "bool of Python": lambda: True,
    "numpy.float64": lambda: np.float64(2.0),
    "array(2.0)": lambda: np.array(2.0),
    "array(2)": lambda: np.array(2),
    "tensor without axes": lambda: mb.tensor(np.array(2.0)),
    "tensor of an integer": lambda: mb.tensor(2),
}


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("operate", OF_TWO, ids=name_of)
def test_float32_beside_anything_but_float64_arrays_stays_float32(operate, other):
    x = mb.tensor(X, requires_grad=True)
    y = OTHERS[other]()
    values = np.asarray(y.numpy() if isinstance(y, mb.Tensor) else y).astype(np.float64)
    for a, b, exact in ((x, y, (X.astype(float), values)), (y, x, (values, X.astype(float)))):
        result = operate(a, b)
        assert result.dtype == np.float32
        expected = operate(*map(mb.tensor, exact)).numpy()
        np.testing.assert_allclose(result.numpy(), expected, rtol=1e-6)
        if result.requires_grad:
            x.grad = None
            result.sum().backward()
            assert x.grad.dtype == np.float32
            wide = mb.tensor(X.astype(float), requires_grad=True)
            twin = (wide, mb.tensor(values)) if a is x else (mb.tensor(values), wide)
            operate(*twin).sum().backward()
            np.testing.assert_allclose(x.grad.numpy(), wide.grad.numpy(), rtol=1e-5)


@pytest.mark.parametrize("dtype", WHOLE)
def test_whole_numbers_beside_a_number_of_python_become_float32(dtype, device):
    x = mb.tensor(beside(dtype), device=device)
    for y in (
        x * 0.5,
        0.5 * x,
        x + np.float64(0.5),
        x / 2,
        3 / x,
        x / x,
        x**0.5,
        x.mean(),
        x * 2.0,
    ):
        assert y.dtype == np.float32
    assert ((x > 1) * 0.5).dtype == (x > 1).mean().dtype == np.float32
    assert mb.where(x > 1, 0.5, x).dtype == mb.where(x > 1, x, 1.0).dtype == np.float32
    assert mb.where(x > 1, 0.5, 1).dtype == np.float32
    assert mb.concatenate([x, x * 0.5]).dtype == np.float32
    assert ((x == 0) * -1e9).dtype == np.float32
    if dtype not in ("bool", "uint64"):
        assert (x * 2).dtype == (x + x).dtype == (x**2).dtype == dtype


def test_arrays_of_float64_widen_and_float16_stays_beside_numbers():
    x, wide, narrow = mb.tensor(X), mb.tensor(X.astype(float)), mb.tensor(X.astype(np.float16))
    assert (x + wide).dtype == mb.where(x > 1, x, wide).dtype == np.float64
    assert (narrow * 2.0).dtype == (narrow + mb.tensor(beside("int64"))).dtype == np.float16
    assert (narrow + x).dtype == (mb.tensor(beside("int32")) @ x).dtype == np.float32
    loss = mb.tensor(np.float32(2.0))
    assert (loss * np.array(2.0)).dtype == (loss / np.float64(3)).dtype == np.float32


GENERAL = {"astype", "getitem", "alias", "clone", "round"}
# arithmetic of whole numbers is NumPy's, and so are its limits; huge scores depend on rounding
WRAPS = {
    "attention", "attention_weights",
    "add", "sub", "mul", "neg", "abs", "pow", "prod", "sum", "cumsum", "cumprod", "matmul",
    "einsum", "outer", "scatter_add", "sum_to", "remainder", "floor_divide",
}  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
@settings(max_examples=8)
@given(data=st.data(), dtype=st.sampled_from(WHOLE), scale=st.sampled_from([1, 90, 50_000]))
def test_whole_numbers_give_what_float32_gives_or_are_refused(row, data, dtype, scale):
    arrays, keywords = row.inputs(data.draw)
    unsigned = dtype == "bool" or dtype.startswith("u")
    if (
        row.name in GENERAL
        or (row.name in WRAPS and unsigned)
        or not all(np.isfinite(x).all() for x in arrays)
    ):
        return
    largest = 1 if dtype == "bool" else np.iinfo(dtype).max
    scale = 1 if row.name in WRAPS else scale
    whole = [
        np.clip(np.abs(x).round() * scale, 0, min(largest, 10**6)).astype(dtype)
        if x.dtype.kind == "f"
        else x
        for x in arrays
    ]
    real = [
        w.astype(np.float32) if x.dtype.kind == "f" else x
        for w, x in zip(whole, arrays, strict=True)
    ]
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        expected = row.function(*map(mb.tensor, real), **keywords)
        try:
            actual = row.function(*map(mb.tensor, whole), **keywords)
        except (mb.InputError, TypeError):
            return
    expected, actual = (y if isinstance(y, tuple) else (y,) for y in (expected, actual))
    for ours, theirs in zip(actual, expected, strict=True):
        assert ours.dtype.kind != "f" or ours.dtype == np.float32
        size = np.abs(theirs.numpy()[np.isfinite(theirs.numpy())]).max(initial=1.0)
        np.testing.assert_allclose(
            ours.numpy().astype(float), theirs.numpy().astype(float), rtol=1e-5, atol=1e-5 * size
        )


@pytest.mark.parametrize(
    ("compute", "expected"),
    [
        (lambda: mb.norm(mb.tensor(np.array([50_000, 50_000], np.int32))), 70710.68),
        (
            lambda: mb.mean_squared_error(*map(mb.tensor, np.array([[0], [70_000]], np.int32))),
            4.9e9,
        ),
        (lambda: mb.gelu_tanh(mb.tensor(np.array([2000], np.int32))), 2000),
        (lambda: mb.sigmoid(mb.tensor(np.array([1], np.uint8))), 0.7310586),
        (lambda: mb.softmax(mb.tensor(np.array([1, 2], np.uint8)))[1], 0.7310586),
        (lambda: mb.leaky_relu(mb.tensor(np.array([3], np.uint8))), 3),
        (lambda: mb.std(mb.tensor(np.array([0, 200], np.uint8))), 100),
        (lambda: mb.elu(mb.tensor(np.array([-1], np.int8))), math.expm1(-1)),
        (lambda: mb.logsumexp(mb.tensor(np.array([255, 255], np.uint8))), 255 + math.log(2)),
        (lambda: mb.arctan2(*map(mb.tensor, np.array([[1], [1]], np.uint8))), math.pi / 4),
    ],
)
def test_worked_examples_of_whole_numbers(compute, expected):
    y = compute()
    assert y.dtype == np.float32
    assert y.item() == pytest.approx(expected, rel=1e-6)


def half(*values):
    return mb.tensor(np.array(values, np.float16), requires_grad=True)


@pytest.mark.parametrize(
    ("compute", "expected"),
    [
        (lambda: mb.norm(half(300, 400)), 500),
        (lambda: mb.layer_norm(half(300, -300, 100)), [1.069, -1.336, 0.267]),
        (lambda: mb.rms_norm(half(300, -300, 300)), [1, -1, 1]),
        (lambda: mb.softmax(half(*[0] * 100_000))[:2], [1e-5, 1e-5]),
        (lambda: mb.log_softmax(half(*[0] * 100_000))[0], -math.log(1e5)),
        (lambda: mb.logsumexp(half(*[0] * 100_000)), math.log(1e5)),
        (lambda: half(*[1] * 70_000).mean(), 1),
        (lambda: half(*[0, 600] * 500).var(), 65504 * 2),
        (lambda: half(*[0, 600] * 500).std(), 300),
        (lambda: half(*[1] * 4096).cumsum()[-1], 4096),
        (lambda: mb.matmul(half(*[1] * 4096), half(*[1] * 4096)), 4096),
        (lambda: mb.mean_squared_error(half(300, 0), half(0, 0)), 45_000),
        (
            lambda: mb.cross_entropy(half(*[600, 0] * 400).reshape(400, 2), mb.tensor([1] * 400)),
            600,
        ),
    ],
)
def test_float16_is_computed_in_float32_and_rounded(compute, expected):
    with np.errstate(over="ignore"):
        y = compute()
    assert y.dtype == np.float16
    expected = np.array(expected, np.float64)
    expected[np.abs(expected) > 65504] = math.inf
    np.testing.assert_allclose(y.numpy().astype(float), expected, rtol=2e-3)


@pytest.mark.parametrize(
    "f", [mb.gelu_tanh, mb.gelu, mb.silu, mb.softplus, mb.tanh, mb.sigmoid, mb.elu]
)
def test_gradients_of_activations_are_finite_over_all_of_float16(f):
    x = half(-65504, -3000, -300, -20, -1, 0, 1, 20, 300, 3000, 65504)
    with np.errstate(over="ignore"):
        f(x).backward(mb.ones(11, dtype="float16"))
    assert np.isfinite(x.grad.numpy()).all()
    assert x.grad.dtype == np.float16


@pytest.mark.parametrize(
    ("use", "words"),
    [
        (lambda x, w: mb.linear(x, w), r"linear: .* got x float64, weight float32. Use x.astype"),
        (lambda x, w: mb.linear(w, x), r"Use weight.astype\('float32'\)"),
        (lambda x, w: mb.feed_forward(w, w, None, x, None, activation=mb.relu), "w2 float64"),
        (lambda x, w: mb.attention(w, w, x), r"v float64. Use v.astype\('float32'\)"),
        (lambda x, w: mb.attention(w, w, w, x), "bias float64"),
        (lambda x, w: mb.attention(w, w, w, w > 0), "bool. Use mb.where"),
        (lambda x, w: mb.layer_norm(w, x[0]), "weight float64"),
        (lambda x, w: mb.rms_norm(x, w[0]), "x float64"),
        (lambda x, w: mb.nn.Linear(2, 2)(x), "x float64"),
        (lambda x, w: mb.soft_cross_entropy(w, w > 0), "probabilities; got bool"),
        (lambda x, w: mb.cross_entropy(w, w), "integers; got float32. Use soft_cross_entropy"),
    ],
)
def test_a_float64_input_of_a_float32_layer_is_refused(use, words):
    w = mb.ones((2, 2))
    with pytest.raises(mb.InputError, match=words):
        use(w.astype("float64"), w)


def test_targets_take_the_dtype_of_the_predictions():
    x, targets = mb.tensor(X, requires_grad=True), np.array([[0.25, 0.75], [1.0, 0.0]])
    for loss in (
        mb.mean_squared_error, mb.soft_cross_entropy, mb.binary_cross_entropy_with_logits
    ):  # fmt: skip
        for y in (loss(x, mb.tensor(targets)), loss(x, targets)):
            assert y.dtype == np.float32


def test_a_distribution_with_zeros_takes_infinite_logits():
    x = mb.tensor([[0.0, -math.inf, 0.0]], requires_grad=True)
    loss = mb.soft_cross_entropy(x, mb.tensor([[0.5, 0.0, 0.5]]))
    assert loss.item() == pytest.approx(math.log(2))
    loss.backward()
    assert x.grad.tolist() == [[0, 0, 0]]

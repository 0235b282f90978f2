"""Tensor's operators and methods take what NumPy's arrays take, and give what they give."""

import inspect
import math
import operator

import numpy as np
import pytest

import minibig as mb
from minibig import ops
from minibig.ops.methods import METHODS, OPERATORS

X = np.array([[1.0, 4.0, 2.0], [3.0, 0.5, 8.0]])
M = np.array([[2.0, 1.0], [0.5, 3.0], [1.0, 1.0]])

BINARY = [
    operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, operator.eq,
    operator.mod, operator.floordiv, operator.ne, operator.lt, operator.le, operator.gt,
    operator.ge,
]  # fmt: skip


def assert_equal(actual, expected):
    np.testing.assert_array_equal(actual.numpy(), expected)
    assert actual.dtype == np.asarray(expected).dtype


@pytest.mark.parametrize("operate", BINARY, ids=lambda operate: operate.__name__)
def test_operators_of_two_take_tensors_arrays_and_numbers_on_either_side(operate):
    x, y = mb.tensor(X), X[::-1].copy()
    for left, right in ((x, mb.tensor(y)), (x, y), (y, x), (x, 2.0), (2.0, x)):
        arrays = [z.numpy() if isinstance(z, mb.Tensor) else z for z in (left, right)]
        assert_equal(operate(left, right), operate(*arrays))


def test_the_other_operators():
    x, m = mb.tensor(X), mb.tensor(M)
    assert_equal(x @ m, X @ M)
    assert_equal(X @ m, X @ M)
    assert_equal(-x, -X)
    assert_equal(abs(-x), X)
    assert_equal(~(x > 1), ~(X > 1))
    assert_equal((x > 1) & (x < 4), (X > 1) & (X < 4))
    assert_equal((x < 1) | (x > 4), (X < 1) | (X > 4))
    assert_equal((X < 1) | (x > 4), (X < 1) | (X > 4))
    assert_equal((x < 3) ^ (x > 1), (X < 3) ^ (X > 1))
    assert_equal((X < 3) ^ (x > 1), (X < 3) ^ (X > 1))
    assert_equal((x < 3) & True, X < 3)
    assert_equal((X > 1) & (x < 4), (X > 1) & (X < 4))
    assert_equal(x[1, ::2], X[1, ::2])
    assert_equal(x.T, X.T)


@pytest.mark.parametrize("name", ["sum", "mean", "max", "min", "var", "std", "prod"])
def test_reductions_take_axis_and_keepdims_by_position_or_by_name(name):
    method, expected = getattr(mb.tensor(X), name), getattr(X, name)
    for axis in (None, 0, -1):
        by_name = expected(axis=axis, keepdims=True)
        np.testing.assert_allclose(method(axis, True).numpy(), by_name, rtol=1e-15)
        np.testing.assert_allclose(method(axis=axis, keepdims=True).numpy(), by_name, rtol=1e-15)
        np.testing.assert_allclose(method(axis).numpy(), expected(axis=axis), rtol=1e-15)


def test_the_other_methods():
    x = mb.tensor(X)
    assert_equal(x.argmax(1), X.argmax(1))
    assert_equal(x.cumsum(1), X.cumsum(1))
    assert_equal(x.clip(1.0, 3.0), X.clip(1.0, 3.0))
    assert_equal(x.reshape(3, -1), X.reshape(3, -1))
    assert_equal(x.transpose(1, 0), X.transpose(1, 0))
    assert_equal(x.swapaxes(0, 1), X.swapaxes(0, 1))
    assert_equal(x.astype("float32"), X.astype("float32"))
    assert x.to("cpu") is x


@pytest.mark.parametrize(
    "name",
    [
        *["all", "any", "argmin", "argsort", "copy", "cumprod", "cumsum", "diagonal", "flatten"],
        *["nonzero", "ravel", "round", "squeeze"],
    ],
)
def test_methods_are_numpys_where_it_has_them(name):
    actual, expected = getattr(mb.tensor(X), name)(), getattr(X.copy(), name)()
    for a, b in zip(actual, expected, strict=True) if name == "nonzero" else [(actual, expected)]:
        if name == "copy":
            assert a.data is not X
        np.testing.assert_allclose(a.numpy(), X.argsort(-1) if name == "argsort" else b, rtol=1e-15)


@pytest.mark.parametrize(
    "name",
    [
        *["abs", "ceil", "cos", "exp", "floor", "isfinite", "isinf", "isnan", "log", "sign"],
        *["sin", "sqrt", "tanh"],
    ],
)
def test_methods_of_one_variable_are_the_functions(name):
    np.testing.assert_array_equal(getattr(mb.tensor(X), name)(), getattr(np, name)(X))


def test_settings_may_be_given_by_position():
    x = mb.tensor(X)
    assert_equal(x.repeat(2, 1), X.repeat(2, 1))
    for counts in ([2, 0], np.array([2, 0]), mb.tensor([2, 0])):
        assert_equal(x.repeat(counts, 0), X[[0, 0]])
    assert_equal(mb.sum(x, 0), X.sum(0))
    assert_equal(mb.max(x, -1, True), X.max(-1, keepdims=True))
    assert_equal(mb.softmax(x, 0), mb.softmax(x, axis=0).numpy())
    assert_equal(x.softmax(-1), mb.softmax(x).numpy())
    assert_equal(mb.one_hot(mb.tensor([2]), 3), np.float32([[0, 0, 1]]))
    assert_equal(mb.concatenate([x, x], 1), np.concatenate([X, X], 1))
    assert_equal(mb.broadcast_to(x, (2, 2, 3)), np.broadcast_to(X, (2, 2, 3)))
    assert_equal(mb.tril(x, 1), np.tril(X, 1))
    assert_equal(x.clip(high=2.0), X.clip(max=2.0))
    assert mb.dropout(x, 0.0) is x
    assert (round(x).tolist(), math.floor(x).tolist()) == (X.round().tolist(), np.floor(X).tolist())


def test_a_setting_given_by_position_is_kept_for_the_derivative():
    x = mb.tensor(X, requires_grad=True)
    (mb.sum(x, 0) * mb.tensor([1.0, 2.0, 3.0])).sum().backward()
    assert x.grad.tolist() == [[1, 2, 3], [1, 2, 3]]


def test_every_method_says_what_it_does_and_tensors_can_be_keys():
    assert all(method.__doc__ for method in METHODS.values())
    assert all(callable(getattr(mb.Tensor, name)) for name in OPERATORS)
    x = mb.tensor(X)
    assert {x: "found"}[x] == "found"


def test_a_method_refuses_what_it_does_not_know():
    with pytest.raises(TypeError, match="along"):
        mb.tensor(X).sum(along=0)
    with pytest.raises(TypeError, match="keepdims"):
        mb.tensor(X).cumsum(0, keepdims=True)


@pytest.mark.parametrize("name", [n for n, f in vars(ops).items() if inspect.isfunction(f)])
def test_every_function_answers_keywords_of_other_libraries(name):
    function = getattr(ops, name)
    assert function is getattr(inspect.getmodule(function), name)
    parameters = inspect.signature(function).parameters.values()
    needed = [p for p in parameters if p.default is p.empty and p.kind == p.POSITIONAL_ONLY]
    with pytest.raises(TypeError, match=r"has no keyword dim\. It is called axis here"):
        function(*[mb.tensor(X)] * len(needed), dim=0)


def test_plus_and_divmod_are_those_of_arrays():
    x = mb.tensor(X)
    assert_equal(+x, X)
    for left, right in ((x, 2.0), (7.0, x), (x, mb.tensor(X[::-1].copy()))):
        arrays = [z.numpy() if isinstance(z, mb.Tensor) else z for z in (left, right)]
        for ours, theirs in zip(divmod(left, right), divmod(*arrays), strict=True):
            assert_equal(ours, theirs)


@pytest.mark.parametrize("name", ["sum", "mean", "max", "all", "cumsum", "softmax"])
def test_a_list_of_axes_is_answered_with_a_tuple(name):
    with pytest.raises(TypeError, match=r"several as a tuple: axis=\(0, 1\)"):
        getattr(mb, name)(mb.tensor(X), [0, 1])


@pytest.mark.parametrize(
    ("function", "ours"), [(np.subtract, "sub"), (np.multiply, "mul"), (np.divide, "div")]
)
def test_a_function_of_numpy_is_answered_with_one_that_there_is(function, ours):
    with pytest.raises(TypeError, match=rf"Use mb\.{ours},"):
        function(np.ones(2), mb.ones(2), out=np.ones(2))
    assert callable(getattr(mb, ours))

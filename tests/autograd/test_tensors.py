"""Tensors beside Python's and NumPy's own ways: formats, membership, copies, types."""

import copy
import math
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import minibig as mb

VALUES = np.array([[1.0, 4.0], [3.0, 0.5]], np.float32)


@pytest.mark.parametrize("specification", [".3f", "8.2e", "", "g"])
def test_one_element_is_formatted_like_its_number(specification):
    for x in (mb.tensor(math.pi), mb.tensor([math.pi], requires_grad=True).sum()):
        expected = format(x.item(), specification) if specification else str(x)
        assert format(x, specification) == expected
    assert f"{mb.tensor(7):03d}" == "007"
    assert f"{mb.tensor([1, 2])}" == "tensor([1, 2])"


@pytest.mark.parametrize("value", [4.0, 4, np.float32(4), 2.0, np.nan])
def test_membership_is_that_of_the_array(value):
    x = mb.tensor(VALUES)
    assert (value in x) == (value in VALUES)
    assert (mb.tensor(value) in x) == (value in VALUES)


@pytest.mark.parametrize("other", [None, "text"])
def test_nothing_equals_none_or_a_text(other):
    x = mb.tensor(VALUES, requires_grad=True)
    assert (x == other).tolist() == [[False, False]] * 2
    assert (x != other).tolist() == [[True, True]] * 2
    assert (other == x).tolist() == [[False, False]] * 2
    assert not mb.tensor(1.0) == other  # noqa: SIM201


@pytest.mark.parametrize(
    "function",
    [np.add, np.subtract, np.multiply, np.divide, np.power, np.matmul, np.less, np.equal,
     np.greater_equal, np.remainder, np.floor_divide],
)  # fmt: skip
def test_numpys_names_of_operators_compute_with_tensors(function):
    x, y = mb.tensor(VALUES, requires_grad=True), VALUES.T.copy()
    for left, right in ((x, y), (y, x), (x, x)):
        plain = [z.data if isinstance(z, mb.Tensor) else z for z in (left, right)]
        result = function(left, right)
        assert isinstance(result, mb.Tensor)
        np.testing.assert_array_equal(result.numpy(), function(*plain))
    np.testing.assert_array_equal(function(np.float64(2), x).numpy(), function(2, VALUES)) if (
        function is not np.matmul
    ) else None


@pytest.mark.parametrize("dtype", ["float64", np.float64, mb.float64, "int32", bool])
def test_to_takes_a_dtype(dtype):
    x = mb.tensor(VALUES)
    assert x.to(dtype).dtype == np.dtype(dtype)
    assert x.to("float32") is x
    assert x.to(mb.device("cpu")) is x
    y = mb.tensor(VALUES, requires_grad=True)
    y.to("float64").sum().backward()
    assert y.grad.dtype == np.float32


def test_constants_and_leaves_are_copied_deeply_and_gradients_with_them():
    x = mb.tensor(VALUES, requires_grad=True)
    (x * x).sum().backward()
    constant, leaf = copy.deepcopy((mb.tensor(VALUES), x))
    assert constant.tolist() == VALUES.tolist()
    assert not constant.requires_grad
    assert leaf.requires_grad
    assert leaf.grad.tolist() == x.grad.tolist()
    assert not np.shares_memory(leaf.data, x.data)
    (leaf * 1.0).sum().backward()
    assert x.grad.tolist() == (2 * VALUES).tolist()
    frozen, learned = mb.nn.Parameter([1.0]), mb.nn.Parameter([2.0])
    frozen.requires_grad = False
    for parameter in (frozen, learned):
        twin = copy.deepcopy(parameter)
        assert type(twin) is mb.nn.Parameter
        assert (twin.tolist(), twin.requires_grad) == (parameter.tolist(), parameter.requires_grad)


def test_a_copied_leaf_is_younger_than_all_there_was():
    x = mb.tensor([2.0], requires_grad=True)
    rebuild, arguments = x.__reduce__()
    for _ in range(5):
        mb.exp(x)
    twin = rebuild(*arguments)
    y = twin * twin
    assert x.edge[0].order < twin.edge[0].order < y.edge[0].order


def test_a_shallow_copy_keeps_its_history():
    x = mb.tensor([2.0], requires_grad=True)
    copy.copy(x * x).sum().backward()
    assert x.grad.tolist() == [4.0]


def test_in_place_operators_of_constants_and_results_make_new_tensors():
    x = before = mb.tensor([1.0])
    x += 1.0
    x *= 3.0
    assert (x.tolist(), before.tolist()) == ([6.0], [1.0])
    y = mb.tensor([1.0], requires_grad=True) * 1.0
    y -= 0.5
    assert y.tolist() == [0.5]


@pytest.mark.parametrize("change", [lambda p: mb.tensor([0.0]), lambda p: [0.0], lambda p: None])
def test_the_data_of_a_parameter_is_an_array(change):
    parameter = mb.nn.Parameter([1.0])
    with pytest.raises(mb.InputError, match=r"data of a parameter is an array.*assign"):
        parameter.data = change(parameter)
    assert parameter.tolist() == [1.0]


def test_eight_threads_add_to_one_leaf_without_losing_anything():
    weight = mb.tensor(np.ones(200_000), requires_grad=True)
    start = threading.Barrier(8)

    def work(factor):
        start.wait()
        for _ in range(3):
            (weight * factor).sum().backward()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(1, 9)))
    assert (weight.grad.numpy() == 3 * 36).all()


def test_eight_threads_add_to_a_leaf_through_a_kernel_and_to_its_bias():
    weight, bias = mb.nn.Parameter(np.ones((40, 30))), mb.nn.Parameter(np.zeros(30))
    start = threading.Barrier(8)

    def work(n):
        start.wait()
        for _ in range(5):
            mb.linear(mb.ones((50, 40), "float64"), weight, bias).sum().backward()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert (weight.grad.numpy() == 8 * 5 * 50).all()
    assert (bias.grad.numpy() == 8 * 5 * 50).all()


@pytest.mark.parametrize("how", [lambda x: x.data.__isub__(1), lambda x: x.data.fill(0.0)])
def test_the_array_of_a_leaf_cannot_be_written(how):
    values = mb.tensor([1.0, 2.0])
    for x in (mb.tensor([1.0, 2.0], requires_grad=True), values):
        x.requires_grad = True
        y = (x * x).sum()
        with pytest.raises(ValueError, match="read-only"):
            how(x)
        y.backward()
        assert x.grad.tolist() == [2.0, 4.0]


@pytest.mark.parametrize(
    ("use", "sentence"),
    [
        (lambda x: x.__setitem__(0, 1.0), "elements of a tensor are not set.*mb.where"),
        (lambda x: x + mb.ones(4), r"add cannot take .*shapes \(2,\) \(4,\)\.$"),
        (lambda x: mb.tensor([[1, 2], [3]]), "shape: rows differ in length.$"),
        (lambda x: mb.tensor(None), "within 64 bits; got object.$"),
        (lambda x: mb.zeros(2, requires_grad=True), r"zeros has no keyword requires_grad\. Set"),
        (lambda x: mb.normal((2,), requires_grad=True), "normal has no keyword requires_grad"),
        (lambda x: mb.dropout(x, p=0.5, training=True), "dropout has no keyword training. Call it"),
        (lambda x: mb.nn.Sequential([mb.nn.ReLU()]), "holds modules; got list. Drop the brackets"),
    ],
)
def test_what_a_newcomer_writes_is_answered_with_our_way(use, sentence):
    with pytest.raises((TypeError, mb.InputError), match=sentence):
        use(mb.ones(2))


def test_operations_are_pickled_and_copied_as_functions_are():
    for operation in (mb.relu, mb.exp):
        assert getattr(sys.modules[operation.__module__], operation.__reduce__()) is operation
        assert copy.deepcopy(operation) is operation


@pytest.mark.parametrize("join", [mb.stack, mb.concatenate])
def test_tensors_that_a_generator_makes_are_joined(join):
    assert join(mb.ones(2) for _ in range(3)).size == 6
    with pytest.raises(mb.InputError, match=r"got none|one shape"):
        join(x for x in ())


def test_copies_can_be_written_where_their_originals_can():
    leaf, constant = mb.tensor([1.0], requires_grad=True), mb.tensor([1.0])
    learned, frozen = mb.nn.Parameter([1.0]), mb.nn.Parameter([1.0])
    frozen.requires_grad = False
    for original in (leaf, constant, learned, frozen):
        again = copy.deepcopy(original)
        assert again.data.flags.writeable == original.data.flags.writeable
        assert not np.shares_memory(again.data, original.data)

"""Kernels and the registry: what may stand for an operation, and what is refused."""

import importlib
import pkgutil

import numpy as np
import pytest

import minibig as mb
from minibig.autograd import registry
from minibig.autograd.fusibles import Fusible, fusible
from minibig.autograd.operations import Operation
from minibig.autograd.primitives import Constant, Primitive


@pytest.fixture
def registered():
    """The registry; what a test enters is taken out again."""
    before = dict(registry)
    yield registry
    registry.clear()
    registry.update(before)


@pytest.fixture(params=["primitive", "fusible"])
def doubled(request, registered):
    """x + x as a primitive or as a fusible, with a kernel that gives 2x + 100 for 2 axes only."""

    def twice_for_test(x, /):
        return x + x

    if request.param == "primitive":
        operation = Primitive(twice_for_test)
        operation.defvjp(x=lambda g: g + g)

        @operation.kernel("cpu")
        def computed(x):
            return 2 * x + 100 if x.ndim == 2 else NotImplemented
    else:
        operation = fusible(twice_for_test)

        @operation.kernel("cpu")
        def forward(x, *, keep):
            return (2 * x + 100, None) if x.ndim == 2 else NotImplemented

        @forward.vjp
        def backward(g, residuals, *, needed, owned, last):
            return (2 * g,)

    return operation


def test_a_kernel_stands_for_its_operation_until_it_declines_or_is_off(doubled):
    x = mb.tensor([[1.0]], requires_grad=True)
    assert doubled(x).tolist() == [[102.0]]
    assert doubled(x.detach()).tolist() == [[102.0]]
    assert doubled(x[0]).tolist() == [2.0]
    with mb.reference():
        assert doubled(x).tolist() == [[2.0]]
    doubled(x).sum().backward()
    assert x.grad.tolist() == [[2.0]]


def test_a_second_kernel_for_a_device_is_refused(doubled):
    with pytest.raises(mb.InputError, match=r"has a kernel for cpu already.*del"):
        doubled.kernel("cuda", "cpu")
    assert list(doubled.kernels) == ["cpu"]
    del doubled.kernels["cpu"]
    doubled.kernel("cpu", "cuda")(lambda x, **keywords: NotImplemented)
    assert list(doubled.kernels) == ["cpu", "cuda"]


@pytest.mark.parametrize("name", ["linear", "attention", "erf"])
def test_a_second_operation_of_one_name_is_refused_and_the_first_one_stays(registered, name):
    def formula(x, /):
        return x

    formula.__name__ = name
    first = registry[name]
    with pytest.raises(mb.InputError, match=f"operation called {name} already.*another name"):
        fusible(formula)
    with pytest.raises(mb.InputError, match=f"operation called {name} already"):
        Primitive(formula).kernel("cpu")
    assert registry[name] is first
    assert first.kernels
    del registry[name]
    assert fusible(formula) is registry[name]


def test_a_fusible_that_is_made_directly_is_not_registered(registered):
    def linear(x, /):
        return x

    Fusible(linear).kernel("cpu")
    assert registered["linear"] is mb.linear
    mb.linear.register()


def test_the_registry_holds_primitives_and_fusibles_and_their_kernels_answer_alike():
    kinds = {type(operation) for operation in registry.values()}
    assert kinds == {Primitive, Constant, Fusible}
    for name, operation in registry.items():
        assert operation.__name__ == name
        assert set(operation.kernels) <= {"cpu", "cuda"}
        for kernel in operation.kernels.values():
            assert callable(kernel.forward)
        if isinstance(operation, Primitive):
            assert operation.kernels


def test_kernels_of_primitives_also_compute_the_rules(registered):
    seen = []

    def scaled_for_test(x, /):
        return x * 3.0

    operation = Primitive(scaled_for_test)
    operation.defvjp(x=lambda g: operation(g))

    @operation.kernel("cpu")
    def computed(x):
        seen.append(type(x))
        return x * 3.0

    x = mb.tensor([1.0, 2.0], requires_grad=True)
    operation(x).sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]
    assert seen == [np.ndarray, np.ndarray]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: mb.layer_norm(), r"layer_norm takes x.*; x is missing"),
        (lambda: mb.linear(mb.ones((1,))), "linear takes x, weight, bias; weight is missing"),
        (lambda: mb.attention(*[mb.ones((1, 1))] * 3, causl=True), "attention takes .* no more"),
        (lambda: mb.linear(*[mb.ones((1, 1))] * 4), "linear takes x, weight, bias, each once"),
        (lambda: mb.feed_forward(*[mb.ones((1, 1))] * 5), "activation is missing"),
    ],
)
def test_wrong_arguments_of_a_fusible_are_named(call, words):
    with pytest.raises(TypeError, match=words):
        call()


def every_operation():
    for module in pkgutil.walk_packages(mb.__path__, "minibig."):
        if module.name.split(".")[1] in ("autograd", "ops"):
            found = vars(importlib.import_module(module.name)).values()
            yield from (value for value in found if isinstance(value, Operation))


def test_errors_and_reprs_call_operations_by_the_names_that_users_know():
    known = {*dir(mb), *dir(mb.ops), "x[index]", "to", "input"}
    assert len(set(every_operation())) > 80
    assert {operation.name for operation in every_operation()} <= known


@pytest.mark.parametrize(
    ("compute", "name"),
    [
        (lambda x: x[0], r"x\[index\]"),
        (lambda x: x.T, "transpose"),
        (lambda x: mb.concatenate([x, x]), "concatenate"),
        (lambda x: mb.split(x, 2)[0], "split"),
        (lambda x: x.reshape(4), "reshape"),
        (lambda x: abs(x), "abs"),
        (lambda x: x @ x, "matmul"),
        (lambda x: mb.pad(x, 1), "pad"),
        (lambda x: mb.mul(x, 2), "mul"),
    ],
)
def test_a_result_says_which_function_made_it(compute, name):
    x = mb.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    y = compute(x)
    assert repr(y).endswith(f"from={name.replace(chr(92), '')})")
    y.sum().backward()
    with pytest.raises(mb.InputError, match=f"graph behind (sum|{name}) was freed"):
        y.sum().backward()

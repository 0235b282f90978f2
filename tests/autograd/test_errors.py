"""Wrong uses of tensors and of the backward pass: the kind of error, its words, nothing changed."""

import copy
import operator

import numpy as np
import pytest

import minibig as mb


@pytest.fixture
def x():
    return mb.tensor([1.0, 2.0], requires_grad=True)


def twice(x):
    y = mb.exp(x).sum()
    y.backward()
    x.grad = None
    y.backward()


USES = [
    (lambda x: (x * 2).backward(), mb.InputError, r"one element; got shape \(2,\)"),
    (lambda x: mb.tensor(1.0).backward(), mb.InputError, "constant"),
    (lambda x: x.detach().backward(), mb.InputError, "requires_grad=True"),
    (twice, mb.InputError, "freed.*retain_graph=True"),
    (lambda x: (x * 2).backward(mb.ones((3,))), mb.InputError, r"shape \(2,\); got \(3,\)"),
    (lambda x: (x * 2).backward([1.0, 1.0]), mb.InputError, "got list"),
    (lambda x: (x * 2).backward(1.0), mb.InputError, "got float"),
    (lambda x: mb.tensor([1, 2], requires_grad=True), mb.InputError, "floating-point.*int64"),
    (lambda x: mb.tensor([True], requires_grad=True), mb.InputError, "floating-point.*bool"),
    (lambda x: mb.tensor([[1.0], [1.0, 2.0]]), mb.InputError, "rectangular"),
    (lambda x: mb.tensor("text"), mb.InputError, "tensor\\(\\) expected"),
    (lambda x: mb.tensor(None), mb.InputError, "tensor\\(\\) expected"),
    (lambda x: mb.tensor([1j]), mb.InputError, "real numbers"),
    (lambda x: mb.tensor(np.array([1j])), mb.InputError, "real numbers"),
    (lambda x: mb.tensor(np.array(["a"])), mb.InputError, "real numbers"),
    (lambda x: mb.tensor(np.array([object()])), mb.InputError, "real numbers"),
    (lambda x: setattr(x * 2, "requires_grad", False), mb.InputError, "leaves only.*mul"),
    (lambda x: setattr(x * 2, "grad", x), mb.InputError, "leaves"),
    (lambda x: setattr(x, "grad", mb.ones((3,))), mb.InputError, r"\(2,\) or None.*\(3,\)"),
    (lambda x: setattr(x, "grad", np.ones(2)), (TypeError, mb.InputError), "ndarray"),
    (lambda x: setattr(x, "grad", mb.ones((2,), "float64")), mb.InputError, "float64"),
    (lambda x: x.item(), mb.InputError, r"exactly one element; got shape \(2,\)"),
    (lambda x: bool(x), mb.InputError, "ambiguous"),
    (lambda x: float(x), mb.InputError, "one element"),
    (lambda x: len(mb.tensor(1.0)), TypeError, "without axes"),
    (lambda x: list(mb.tensor(1.0)), TypeError, "axes|0-d"),
    (lambda x: range(mb.tensor(1.5)), TypeError, "one integer"),
    (lambda x: [1, 2][mb.tensor([0, 1])], TypeError, "one integer"),
    (lambda x: np.exp(x), TypeError, r"np\.exp does not take tensors.*mb\.exp.*x\.numpy"),
    (lambda x: np.absolute(x), TypeError, r"np\.absolute does not.*mb\.abs,"),
    (lambda x: np.add.reduce(x), TypeError, r"np\.add does not take tensors"),
    (lambda x: np.add(x, x, out=np.zeros(2)), TypeError, r"np\.add does not take tensors"),
    (lambda x: operator.iadd(np.zeros(2), x), TypeError, r"np\.add does not take tensors"),
    (lambda x: np.asarray(x), mb.InputError, "derivative"),
    (lambda x: mb.tensor(1.0).watch(), mb.InputError, "constant"),
    (lambda x: mb.tensor(1.0).trace(), mb.InputError, "constant"),
    (lambda x: operator.add(x, [1.0, 2.0]), TypeError, "list.*mb.tensor"),
    (lambda x: [1.0, 2.0] * x, TypeError, "list.*mb.tensor"),
    (lambda x: x + "a", TypeError, "add expected tensors, arrays or numbers; got str"),
    (lambda x: operator.isub(x, 0.1), mb.InputError, r"changed by -=.*p\.assign"),
    (lambda x: operator.imul(x, x), mb.InputError, "changed by -="),
    (lambda x: f"{x:.3f}", mb.InputError, r"format '\.3f' needs one element; got shape \(2,\)"),
    (lambda x: copy.deepcopy(x * 2), mb.InputError, r"result of mul cannot be pickled or deep-"),
    (lambda x: copy.deepcopy({"y": mb.exp(x)}), mb.InputError, "result of exp cannot be pickled"),
    (lambda x: x.to(None), mb.InputError, "must be a device .* or a dtype; got None"),
    (lambda x: x.to("gpu"), mb.InputError, "to: the target must .*; got 'gpu'"),
    (lambda x: x.to(3), mb.InputError, "to: the target must .*; got 3"),
    (lambda x: x.to("complex64"), mb.InputError, r"to: the target must .*complex64"),
    (lambda x: mb.tensor([1.0], device=np.dtype("float64")), mb.InputError, "device must be"),
    (lambda x: mb.zeros((2,), device=mb.float64), mb.InputError, "device must be"),
    (lambda x: mb.tensor(2**70), mb.InputError, "within 64 bits"),
    (lambda x: mb.tensor([2**63, -1]), mb.InputError, "fit 64 bits together"),
    (lambda x: np.sum(x), TypeError, r"sum has no keyword out.*NumPy.*mb's function"),
    (lambda x: np.mean(x), TypeError, "mean has no keyword out or dtype"),
    (lambda x: mb.tensor([1, -(2**64)]), mb.InputError, "64 bits"),
    (lambda x: mb.tensor([300], dtype="uint8"), mb.InputError, "integers that fit uint8.*300"),
    (lambda x: mb.tensor(-1, dtype="uint8"), mb.InputError, "integers that fit uint8.*-1"),
    (lambda x: mb.tensor(np.array([70000]), dtype="int16"), mb.InputError, "that fit int16"),
    (lambda x: mb.tensor([1]) + 2**70, mb.InputError, r"add cannot take int64\[1\]"),
    (lambda x: mb.tensor([1]) + 10**5000, mb.InputError, "add cannot take .* of very many digits"),
    (lambda x: mb.tensor([1], dtype="uint8") * 300, mb.InputError, r"mul cannot take uint8\[1\]"),
    (lambda x: x.reshape(-2, 1), mb.InputError, r"do not fit \(-2, 1\)"),
    (lambda x: x.reshape(-1, -1), mb.InputError, r"do not fit \(-1, -1\)"),
    (lambda x: x + {}, TypeError, "got dict"),
    (lambda x: x + mb.ones((3,)), mb.InputError, r"add cannot take float32\[2\], float32\[3\]"),
    (lambda x: mb.exp([1.0]), TypeError, "list"),
    (lambda x: mb.exp("1"), TypeError, "str"),
    (lambda x: mb.exp(x, axis=0), TypeError, "axis"),
    (lambda x: mb.exp(x, x), TypeError, "exp"),
    (lambda x: mb.add([1.0], [2.0]), TypeError, "list"),
    (lambda x: mb.mul([1.0], 3), TypeError, "list"),
    (lambda x: mb.grad(x.sum(), x), mb.InputError, r"grad needs a function.*tensor.*backward"),
    (lambda x: mb.value_and_grad(x.sum()), mb.InputError, "grad needs a function"),
    (lambda x: mb.grad(mb.sum, x), mb.InputError, "argnums must be a whole number"),
    (lambda x: mb.grad(mb.sum, (0, 1.0)), mb.InputError, "argnums must be a whole number"),
    (lambda x: mb.vjp(x * 2, x), mb.InputError, "vjp needs a function"),
    (lambda x: mb.jvp(x * 2, x, x), mb.InputError, "jvp needs a function"),
    (lambda x: mb.hvp(x.sum(), x, x), mb.InputError, "needs a function"),
    (lambda x: mb.hessian(x.sum()), mb.InputError, "hessian needs a function"),
    (lambda x: mb.jacobian(x), mb.InputError, "jacobian needs a function"),
    (lambda x: mb.checkpoint(x, mb.exp), mb.InputError, "checkpoint needs a function"),
    (lambda x: mb.check_gradients(x, x), mb.InputError, "check_gradients needs a function"),
    (lambda x: mb.grad(lambda x: x)(x), mb.InputError, r"scalar.*\(2,\)"),
    (lambda x: mb.grad(lambda x: 1.0)(x), mb.InputError, "grad needs .*tensor.*; got float"),
    (lambda x: mb.grad(mb.sum)(1.0), mb.InputError, "grad needs.*float"),
    (lambda x: mb.grad(mb.sum)(mb.tensor([1])), mb.InputError, "int64"),
    (lambda x: mb.grad(mb.sum, 1)(x), mb.InputError, "argnums 1 .*1 arguments"),
    (lambda x: mb.grad(mb.sum, (0, -2))(x), mb.InputError, "argnums"),
    (lambda x: mb.vjp(lambda x: 1.0, x), mb.InputError, "returns a tensor.*; got float"),
    (lambda x: mb.vjp(mb.exp, [1.0]), mb.InputError, "vjp needs.*list"),
    (lambda x: mb.vjp(mb.exp, x)[1](), mb.InputError, "1 gradients; got 0"),
    (lambda x: mb.vjp(mb.exp, x)[1](mb.ones((3,))), mb.InputError, r"\(2,\); got \(3,\)"),
    (lambda x: mb.jvp(mb.exp, (x,), (x, x)), mb.InputError, "one direction.*got 2"),
    (lambda x: mb.jvp(mb.exp, x, mb.ones((3,))), mb.InputError, r"\(2,\); got \(3,\)"),
    (lambda x: mb.jvp(mb.exp, 1.0, 1.0), mb.InputError, "jvp needs.*float"),
    (lambda x: mb.hvp(mb.exp, x, x), mb.InputError, "scalar"),
    (lambda x: mb.hvp(mb.sum, x, mb.ones((3,))), mb.InputError, r"\(3,\)"),
    (lambda x: mb.hvp(mb.sum, 1.0, x), mb.InputError, "float"),
    (lambda x: mb.checkpoint(lambda x: 1.0, x), mb.InputError, "checkpoint needs.*got float"),
    (lambda x: mb.checkpoint(mb.exp, 1.0), (TypeError, mb.InputError), "checkpoint.*float"),
    (lambda x: mb.checkpoint(mb.exp, [1.0]), (TypeError, mb.InputError), "checkpoint.*list"),
    (lambda x: mb.check_gradients(mb.exp, 1.0), (TypeError, mb.InputError), "float"),
    (lambda x: mb.check_gradients(mb.exp, np.ones(2)), (TypeError, mb.InputError), "ndarray"),
    (lambda x: mb.check_gradients(lambda x: 1.0, x), mb.InputError, "tensor"),
]


@pytest.mark.parametrize(("use", "kind", "words"), USES, ids=[words for _, _, words in USES])
def test_a_wrong_use_says_what_was_expected_and_changes_nothing(x, use, kind, words):
    before = x.numpy().copy()
    with pytest.raises(kind, match=words):
        use(x)
    np.testing.assert_array_equal(x.numpy(), before)
    assert x.grad is None
    assert mb.exp(x).requires_grad


def test_a_rule_with_a_wrong_shape_names_operation_expected_and_got(x):
    wrong = mb.primitive(lambda x, /: x * 1.0)
    wrong.__name__ = "wrong"
    wrong.defvjp(x=lambda g: g.reshape(1, 2))
    with pytest.raises(AssertionError, match=r"rule of .* shape \(1, 2\), .*has \(2,\)"):
        wrong(x).sum().backward()


def test_a_rule_for_an_unknown_input_is_refused():
    op = mb.primitive(lambda x, /: x)
    with pytest.raises(TypeError, match=r"no inputs called \['z'\].*\['x'\]"):
        op.defvjp(z=lambda g: g)
    op.defvjp(x=lambda g, q: g)
    with pytest.raises(TypeError, match="'q', which is no input"):
        op(mb.tensor([1.0], requires_grad=True))


def test_an_input_without_a_rule_is_refused_by_name(x):
    op = mb.primitive(lambda a, b, /: a * b)
    op.defvjp(a=lambda g, b: g * b)
    with pytest.raises(mb.InputError, match=r"respect to b.*b\.detach\(\)"):
        op(1.0, x)
    op(x, 2.0).sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]

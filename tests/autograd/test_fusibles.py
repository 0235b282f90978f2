"""A fused operation with two outputs: value, gradients of both orders, and who owns what."""

import numpy as np
import pytest

import minibig as mb
from minibig.autograd.fusibles import Fusible


def product_and_square(a, b, /):
    return a * b, a * a


@pytest.fixture
def pair():
    """(a·b, a²) with a kernel that writes into its gradients whenever it may, and spoils them."""
    operation = Fusible(product_and_square)
    operation.owned = []

    @operation.kernel("cpu")
    def forward(a, b, *, keep):
        return (a * b, a * a), (a.copy(), b.copy())

    @forward.vjp
    def backward(g, residuals, *, needed, owned, last):
        operation.owned.append(owned)
        (g1, g2), (a, b) = g, residuals
        results = g1 * b + 2 * g2 * a, g1 * a
        if owned:
            g1[...] = np.nan
            g2[...] = np.nan
        if last:
            a[...] = np.nan
            b[...] = np.nan
        return [x if wanted else None for x, wanted in zip(results, needed, strict=True)]

    return operation


def leaves():
    return (mb.tensor(values, requires_grad=True) for values in ([1.0, 2.0], [3.0, 5.0]))


USES = {
    "both": lambda y1, y2: (y1 + y2 * 3.0).sum(),
    "the first": lambda y1, y2: y1.sum(),
    "the second": lambda y1, y2: (y2 * y2).sum(),
    "the sum of both": lambda y1, y2: (y1 + y2).sum(),
    "each twice": lambda y1, y2: (y1 * y1 + y2 * y1).sum(),
    "one plainly": lambda y1, y2: (y1 + mb.exp(y1) + y2).sum(),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_kernel_and_formula_have_the_same_derivatives(pair, use):
    def f(*inputs):
        return use(*pair(*inputs))

    def gradient(f, i):
        a, b = leaves()
        value, g = mb.value_and_grad(f, i)(a, b)
        return [value.item(), *g.tolist()]

    for i in (0, 1):
        with mb.reference():
            expected = gradient(f, i)
        assert gradient(f, i) == pytest.approx(expected)
    mb.check_gradients(f, *leaves())


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_it_may_be_gone_through_again(pair, use):
    a, b = leaves()
    y = use(*pair(a, b))
    y.backward(retain_graph=True)
    once = a.grad.tolist(), b.grad.tolist()
    y.backward()
    assert (a.grad * 0.5).tolist() == pytest.approx(once[0])
    assert (b.grad * 0.5).tolist() == pytest.approx(once[1])


def test_gradients_that_others_read_are_not_owned(pair):
    """The gradient of `first + c` and `second + c` is read by c, too."""
    for first, second in [(True, False), (False, True), (True, True)]:
        a, b = leaves()
        c, d = (mb.tensor([0.0, 0.0], requires_grad=True) for _ in range(2))
        y1, y2 = pair(a, b)
        y1 = y1 + c if first else y1 * 1.0 + y1 * 1.0
        y2 = y2 + d if second else y2 * 1.0 + y2 * 1.0
        (mb.layer_norm(y1) + y2).sum().backward()
        assert np.isfinite([x.grad.numpy() for x in (a, b)]).all()
        for x in (c, d):
            assert x.grad is None or np.isfinite(x.grad.numpy()).all()
        if d.grad is not None:
            assert d.grad.tolist() == [1.0, 1.0]
    assert pair.owned == [False, False, False]


def test_gradients_that_the_pass_made_are_owned_and_zeros_of_unused_outputs_too(pair):
    a, b = leaves()
    y1, y2 = pair(a, b)
    (y1 * 1.0 + y1 * 1.0 + y2 * 2.0 + y2 * 1.0).sum().backward()
    y1, y2 = pair(a, b)
    (y1 * 1.0 + y1 * 1.0).sum().backward()
    y1, y2 = pair(a, b)
    (y2 * 1.0).sum().backward()
    assert pair.owned == [True, True, False]
    assert np.isfinite(a.grad.numpy()).all()


def test_the_gradient_of_a_user_stays(pair):
    a, b = leaves()
    v = mb.tensor([1.0, 1.0])
    pair(a, b)[0].backward(v)
    pair(a, b)[1].backward(v)
    assert v.tolist() == [1.0, 1.0]


def test_only_what_is_needed_is_asked_for(pair):
    a, b = leaves()
    (pair(a.detach(), b)[0]).sum().backward()
    assert b.grad.tolist() == [1.0, 2.0]
    assert a.grad is None


SUMS = {
    "g twice": lambda g: (g, g),
    "g and a copy": lambda g: (g, g.copy()),
    "views of g": lambda g: (g.reshape(-1), g[:]),
    "one array twice": lambda g: (both := g * 1.0, both),
}


@pytest.mark.parametrize("rule", SUMS.values(), ids=SUMS)
def test_a_kernel_that_returns_its_gradient_or_one_array_twice_spoils_nothing(rule):
    operation = Fusible(lambda a, b, /: a + b)

    @operation.kernel("cpu")
    def forward(a, b, *, keep):
        return a + b, None

    forward.vjp(lambda g, residuals, *, needed, owned, last: rule(g))
    a, b = leaves()
    v = mb.tensor([1.0, 1.0])
    for _ in range(2):
        operation(a, b).backward(v)
    (a * 10.0).sum().backward()
    assert v.tolist() == [1.0, 1.0]
    assert a.grad.tolist() == [12.0, 12.0]
    assert b.grad.tolist() == [2.0, 2.0]
    total = operation(a, b) * 1.0 + operation(a, b) * 1.0
    total.sum().backward()
    assert b.grad.tolist() == [4.0, 4.0]

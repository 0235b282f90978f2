"""Functional forms: identities between them, nesting, and what confuses perturbations."""

import gc
import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minibig as mb
from minibig.autograd import next_order
from minibig.backend import dropout_key

SCALAR = mb.tensor(2.0, dtype="float64")


def vector(seed, n=3):
    return mb.tensor(np.random.default_rng(seed).standard_normal(n))


def scalar_function(x):
    return (mb.tanh(x) * mb.exp(0.3 * x)).sum() + (x * x).sum() * x[0]


def vector_function(x):
    return mb.softmax(x * x) * x + mb.sum(mb.exp(x)) * x[::-1]


def dot(a, b):
    return float((a.numpy() * b.numpy()).sum())


@given(seed=st.integers(0, 10_000))
def test_pulling_back_and_pushing_forward_agree(seed):
    x, t, v = vector(seed), vector(seed + 1), vector(seed + 2)
    y, pull = mb.vjp(vector_function, x)
    pushed_y, pushed = mb.jvp(vector_function, x, t)
    assert dot(pull(v), t) == pytest.approx(dot(v, pushed), rel=1e-10, abs=1e-10)
    np.testing.assert_allclose(y.numpy(), pushed_y.numpy())


@given(seed=st.integers(0, 10_000))
def test_the_hessian_times_a_vector_is_hvp(seed):
    x, v = vector(seed), vector(seed + 1)
    rows = mb.hessian(scalar_function)(x).numpy()
    np.testing.assert_allclose(rows, rows.T, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(
        rows @ v.numpy(), mb.hvp(scalar_function, x, v).numpy(), rtol=1e-10, atol=1e-10
    )


def test_the_hessian_has_the_shape_of_x_twice_on_every_device(device):
    for shape in [(), (1,), (2, 3), (0, 2)]:
        x = mb.ones(shape, device=device)
        rows = mb.hessian(lambda x: (x * x * x).sum())(x)
        assert rows.shape == shape + shape
        assert rows.dtype == np.float32
        assert rows.device == x.device
        np.testing.assert_array_equal(rows.numpy().reshape(x.size, x.size), 6 * np.eye(x.size))
    assert mb.hessian(lambda x: mb.ones((), device=device))(
        mb.ones((2,), device=device)
    ).tolist() == [[0, 0], [0, 0]]


def test_the_hessian_nests_and_touches_no_gradient():
    x = mb.tensor([1.0, 2.0], requires_grad=True)
    third = mb.grad(lambda x: mb.hessian(lambda y: (y * y * y * y).sum())(x).sum())
    assert third(x).tolist() == [24, 48]
    assert mb.hessian(mb.hessian(lambda y: y * y * y * y))(mb.tensor(2.0)).item() == 24
    assert x.grad is None


@pytest.mark.parametrize(
    ("f", "x", "words"),
    [
        (lambda x: x, mb.tensor([1.0, 2.0]), "scalar result"),
        (mb.sum, mb.tensor([1, 2]), "int64"),
        (mb.sum, [1.0], "list"),
        (lambda x: 1.0, mb.tensor([1.0]), "float"),
    ],
)
def test_the_hessian_says_what_it_needs(f, x, words):
    with pytest.raises(mb.InputError, match=words):
        mb.hessian(f)(x)


@given(seed=st.integers(0, 10_000))
def test_the_hessian_is_symmetric_and_the_difference_of_gradients(seed):
    x, v, w = vector(seed), vector(seed + 1), vector(seed + 2)
    hv, hw = mb.hvp(scalar_function, x, v), mb.hvp(scalar_function, x, w)
    assert dot(hv, w) == pytest.approx(dot(hw, v), rel=1e-10, abs=1e-10)
    e, gradient = 1e-5, mb.grad(scalar_function)
    difference = (gradient(x + e * v) - gradient(x - e * v)).numpy() / (2 * e)
    np.testing.assert_allclose(hv.numpy(), difference, rtol=1e-5, atol=1e-6)


@given(seed=st.integers(0, 10_000))
def test_value_and_grad_is_the_value_and_the_gradient(seed):
    x = vector(seed)
    value, gradient = mb.value_and_grad(scalar_function)(x)
    assert value.item() == scalar_function(x).item()
    np.testing.assert_array_equal(gradient.numpy(), mb.grad(scalar_function)(x).numpy())
    pulled = mb.vjp(scalar_function, x)[1](mb.tensor(1.0, dtype="float64"))
    np.testing.assert_array_equal(gradient.numpy(), pulled.numpy())


def test_argnums_choose_the_arguments_in_their_order():
    f = lambda x, y, z: (x * y * y * z).sum()
    xs = [mb.tensor(v, dtype="float64") for v in (2.0, 3.0, 5.0)]
    assert mb.grad(f, 1)(*xs).item() == 60
    assert mb.grad(f, -1)(*xs).item() == 18
    assert [g.item() for g in mb.grad(f, (2, 0))(*xs)] == [18, 45]
    assert [g.item() for g in mb.grad(f, (0,))(*xs)] == [45]


def test_several_inputs_and_outputs():
    f = lambda a, b: (a * b, mb.exp(a))
    a, b = vector(0), vector(1)
    (y, z), pull = mb.vjp(f, a, b)
    u, v = vector(2), vector(3)
    into_a, into_b = pull(u, v)
    np.testing.assert_allclose(into_a.numpy(), (u * b + v * z).numpy())
    np.testing.assert_allclose(into_b.numpy(), (u * a).numpy())
    np.testing.assert_allclose(y.numpy(), (a * b).numpy())
    _, (dy, dz) = mb.jvp(f, (a, b), (u, v))
    np.testing.assert_allclose(dy.numpy(), (u * b + a * v).numpy())
    np.testing.assert_allclose(dz.numpy(), (z * u).numpy())


def test_what_the_result_does_not_depend_on_has_gradient_zero():
    assert mb.grad(lambda x, y: x.sum(), 1)(vector(0), vector(1)).tolist() == [0, 0, 0]
    assert mb.grad(lambda x: (x > 0).astype("float64").sum())(vector(0)).tolist() == [0, 0, 0]
    assert mb.jvp(lambda x: mb.ones((2,)), vector(0), vector(1))[1].tolist() == [0, 0]


@pytest.mark.parametrize("order", range(1, 7))
def test_derivatives_nest_to_any_order(order):
    f = lambda x: x * x * x * x * x
    expected = 1.0
    for i in range(order):
        f = mb.grad(f)
        expected *= 5 - i
    assert f(SCALAR).item() == pytest.approx(expected * 2.0 ** (5 - order) if order < 6 else 0.0)


def d(f):
    """The derivative by jvp."""
    return lambda x: mb.jvp(f, x, mb.ones(x.shape, x.dtype))[1]


@pytest.mark.parametrize("outer", [mb.grad, d], ids=["grad", "jvp"])
@pytest.mark.parametrize("inner", [mb.grad, d], ids=["grad", "jvp"])
def test_perturbations_are_not_confused(outer, inner):
    one = mb.tensor(1.0, dtype="float64")
    # d/dx x·(d/dy (x + y) at y = 1) = 1: the example of Siskind and Pearlmutter
    assert outer(lambda x: x * inner(lambda y: x + y)(one))(one).item() == 1
    # d/dx x·(d/dy x·y at y = 2) = 2x
    assert outer(lambda x: x * inner(lambda y: x * y)(SCALAR))(SCALAR).item() == 4
    # d/dz z·x at z = x, differentiated by x: (x)' = 1
    assert outer(lambda x: inner(lambda z: z * x)(x))(SCALAR).item() == 1
    # d/dx (d/dy x²y³ at y = x) = d/dx 3x⁴ = 12x³
    assert outer(lambda x: inner(lambda y: x * x * y * y * y)(x))(SCALAR).item() == 96


@pytest.mark.parametrize("form", [mb.grad, d], ids=["grad", "jvp"])
def test_a_gradient_at_the_closed_over_variable_counts_once(form):
    x = mb.tensor(3.0, requires_grad=True)
    y = x * 1.0
    assert form(lambda z: z * x)(x).item() == 3
    assert form(lambda z: z * y)(y).item() == 3
    assert form(lambda z: z * y * z)(y).item() == 18
    assert x.grad is None


def test_grad_inside_vjp_inside_jvp():
    def inner(x):  # x·f'(x) for f = x³: 3x³
        return x * mb.grad(lambda y: y * y * y)(x)

    def middle(x):  # its pullback at x: x·9x²
        _, pull = mb.vjp(inner, x)
        return pull(x)

    y, t = mb.jvp(middle, SCALAR, mb.tensor(1.0, dtype="float64"))
    assert (y.item(), t.item()) == (72, 108)


def test_a_form_inside_a_recorded_computation_carries_history_only_on_request():
    x = mb.tensor(2.0, requires_grad=True)
    cube = lambda z: z * z * z
    assert not mb.grad(cube)(x).requires_grad
    g = mb.grad(cube, create_graph=True)(x)
    g.backward()
    assert x.grad.item() == 12
    value, g = mb.value_and_grad(lambda z: z * x, create_graph=True)(x)
    (value + g).backward()
    assert x.grad.item() == 12 + 4 + 1


def test_forms_leave_graphs_and_gradients_alone():
    x = mb.tensor([1.0, 2.0], requires_grad=True)
    y = mb.exp(x)
    mb.grad(lambda z: (z * y).sum())(y)
    mb.jvp(lambda z: z * y, y, y)
    mb.hvp(lambda z: (z * z * y).sum(), y, y.detach())
    assert x.grad is None
    y.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), np.exp([1.0, 2.0]), rtol=1e-6)


def test_forms_work_inside_no_grad():
    with mb.no_grad():
        assert mb.grad(lambda x: x * x)(SCALAR).item() == 4
        assert mb.hvp(lambda x: x * x * x, SCALAR, SCALAR).item() == 24
        x = mb.tensor(2.0, requires_grad=True)
        assert mb.grad(lambda x: x * x)(x).item() == 4
        assert mb.hvp(lambda x: x * x * x, x, SCALAR.astype("float32")).item() == 24


def test_a_pullback_can_be_used_twice():
    _, pull = mb.vjp(mb.exp, vector(0))
    assert pull(vector(1)).tolist() == pull(vector(1)).tolist()


def test_a_fused_operation_in_nested_forms_is_its_formula():
    x, t = vector(0, 4), vector(1, 4)
    f = lambda x: (mb.layer_norm(x.reshape(2, 2)) * vector(2, 4).reshape(2, 2)).sum()
    fused = mb.hvp(f, x, t)
    with mb.reference():
        np.testing.assert_allclose(fused.numpy(), mb.hvp(f, x, t).numpy(), rtol=1e-10, atol=1e-12)


class TestCheckpoint:
    @staticmethod
    def block(x):
        return mb.tanh(x) * mb.exp(x) + x * x

    def test_values_and_gradients_are_those_of_the_function(self):
        x, v = vector(0), vector(1)
        y, pull = mb.vjp(self.block, x)
        again, pull_again = mb.vjp(lambda x: mb.checkpoint(self.block, x), x)
        assert y.tolist() == again.tolist()
        np.testing.assert_allclose(pull(v).numpy(), pull_again(v).numpy(), rtol=1e-12)

    def test_second_order_is_right(self):
        mb.check_gradients(lambda x: mb.checkpoint(self.block, x), vector(0), order=2)
        mb.check_gradients(
            lambda x: mb.checkpoint(self.block, mb.checkpoint(self.block, x) * 0.1), vector(0)
        )

    def test_a_form_inside_is_computed_again_with_its_history(self):
        inner = lambda x: mb.grad(lambda z: (z * z * z).sum())(x)  # 3x²
        outer = lambda x: mb.checkpoint(inner, x)
        assert mb.grad(lambda x: outer(x).sum())(mb.tensor([2.0])).tolist() == [12]
        assert mb.vjp(outer, mb.tensor([2.0]))[1](mb.tensor([1.0])).tolist() == [12]
        assert mb.jvp(outer, mb.tensor([2.0]), mb.tensor([1.0]))[1].tolist() == [12]

    def test_a_leaf_made_inside_is_no_parameter_assigned_since(self):
        x = mb.tensor([2.0], requires_grad=True)

        def inner(x):
            at_three = mb.grad(lambda z: (z * z * x).sum(), create_graph=True)
            return at_three(mb.tensor([3.0]))  # 6x

        mb.checkpoint(inner, x).sum().backward()
        assert x.grad.tolist() == [6]

    def test_closed_over_parameters_get_their_gradients(self):
        w = mb.tensor([2.0, 3.0], requires_grad=True)
        x = mb.tensor([5.0, 7.0])
        mb.checkpoint(lambda x: x * w, x).sum().backward()
        assert w.grad.tolist() == [5, 7]
        _, pull = mb.vjp(lambda w: mb.checkpoint(lambda x: x * w, x), w)
        assert pull(mb.ones((2,))).tolist() == [5, 7]
        assert w.grad.tolist() == [5, 7]

    def test_several_outputs(self):
        x = mb.tensor([1.0, 2.0], requires_grad=True)
        a, b = mb.checkpoint(lambda x: (x * 2.0, x * x), x)
        (a * b).sum().backward()
        assert x.grad.tolist() == [6, 24]

    def test_dropout_draws_the_same_mask_again(self):
        x = mb.tensor(np.ones((4, 50), np.float32), requires_grad=True)
        y = mb.checkpoint(lambda x: mb.dropout(x, p=0.5) * mb.dropout(x, p=0.3), x)
        y.sum().backward()
        np.testing.assert_allclose(x.grad.numpy(), 2 * y.numpy())

    def test_dropout_after_it_draws_what_it_draws_without(self):
        def keys(wrap):
            mb.manual_seed(1)
            x = mb.tensor([[1.0]], requires_grad=True)
            y = wrap(lambda x: mb.dropout(x, p=0.1), x)
            y.sum().backward()
            return dropout_key("dropout")

        with mb.backend.training_step(0):
            plain = keys(lambda f, x: f(x))
        with mb.backend.training_step(0):
            assert keys(mb.checkpoint) == plain

    def test_checkpoints_nest_with_dropout_inside(self):
        x = mb.tensor(np.ones((4, 50), np.float32), requires_grad=True)
        inner = lambda x: mb.dropout(x, p=0.5) * x
        y = mb.checkpoint(lambda x: mb.checkpoint(inner, x) * mb.dropout(x, p=0.5), x)
        y.sum().backward()
        np.testing.assert_allclose(x.grad.numpy(), 3 * y.numpy())

    def test_another_seed_or_step_before_the_backward_pass_changes_nothing(self):
        x = mb.tensor(np.ones((4, 50), np.float32), requires_grad=True)
        mb.manual_seed(1)
        with mb.backend.training_step(3):
            y = mb.checkpoint(lambda x: mb.dropout(x, p=0.5) * x, x)
        mb.manual_seed(2)
        with mb.backend.training_step(4):
            y.sum().backward(retain_graph=True)
            y.sum().backward()
        np.testing.assert_allclose(x.grad.numpy(), 4 * y.numpy())

    def test_what_is_inside_is_not_kept(self):
        x, inside = mb.tensor([1.0, 2.0], requires_grad=True), []

        def f(x):
            y = mb.exp(x)
            inside.append(weakref.ref(y.data))
            return y * y

        gc.disable()
        try:
            y = mb.checkpoint(f, x)
            assert inside[0]() is None
            kept = f(x)
            assert inside[1]() is not None
            y.sum().backward()
            assert inside[2]() is None
            del kept
        finally:
            gc.enable()

    def test_an_assigned_parameter_is_noticed(self):
        w = mb.tensor([2.0], requires_grad=True)
        y = mb.checkpoint(lambda x: mb.exp(x * w) * 2.0, mb.tensor([1.0], requires_grad=True))
        w.edge[0].version = next_order()
        with pytest.raises(mb.InputError, match=r"assigned after checkpoint\("):
            y.sum().backward()

    def test_a_graph_retained_can_be_recomputed_again(self):
        x = mb.tensor([1.0], requires_grad=True)
        y = mb.checkpoint(self.block, x).sum()
        y.backward(retain_graph=True)
        first = x.grad.tolist()
        x.grad = None
        y.backward()
        assert x.grad.tolist() == first
        with pytest.raises(mb.InputError, match="freed"):
            y.backward()


def test_a_form_refuses_to_guess_whether_a_freed_piece_depended_on_its_variable():
    def freed_inside(x):
        square = (x * x).sum()
        square.backward()
        return square * x.sum()

    with pytest.raises(mb.InputError, match=r"freed.*retain_graph"):
        mb.grad(freed_inside)(mb.tensor([1.0, 2.0], requires_grad=True))


def test_a_jacobian_holds_every_derivative_of_every_result():
    x = mb.tensor(np.arange(1.0, 7.0).reshape(2, 3), requires_grad=True)
    w = np.arange(12.0).reshape(3, 4) - 5
    J = mb.jacobian(lambda x: mb.exp(x * 0.1) @ mb.tensor(w))(x)
    assert J.shape == (2, 4, 2, 3)
    expected = np.zeros(J.shape)
    for b in range(2):
        for d in range(4):
            expected[b, d, b] = 0.1 * np.exp(0.1 * x.numpy()[b]) * w[:, d]
    np.testing.assert_allclose(J.numpy(), expected, rtol=1e-12)
    assert x.grad is None and not J.requires_grad


def test_the_jacobian_of_a_gradient_is_the_hessian_and_empty_results_have_no_rows():
    f = lambda x: (x * x * x).sum() * x[0]
    x = mb.tensor([1.0, 2.0])
    assert mb.jacobian(mb.grad(f))(x).tolist() == mb.hessian(f)(x).tolist()
    assert mb.jacobian(lambda x: x[:0])(x).shape == (0, 2)
    with pytest.raises(mb.InputError, match="one result; got 2"):
        mb.jacobian(lambda x: (x, x))(x)

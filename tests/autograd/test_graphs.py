"""What the graph keeps, shares, frees and refuses."""

import gc
import threading
import weakref

import numpy as np
import pytest

import minibig as mb
from minibig.autograd import next_order
from minibig.autograd.fusibles import Fusible


@pytest.fixture
def fused():
    """A square whose kernel writes into g and its residuals when it may, and notes what it saw."""

    def square(x, /):
        return x * x

    operation = Fusible(square)
    operation.seen = []

    @operation.kernel("cpu")
    def forward(x, *, keep):
        return x * x, 2 * x

    @forward.vjp
    def backward(g, residuals, *, needed, owned, last):
        operation.seen.append((owned, last))
        out = residuals if last else residuals.copy()
        out *= g
        if owned:
            g[...] = np.nan
        return (out,)

    return operation


def leaf(*values):
    return mb.tensor(values, requires_grad=True)


def nodes_behind(*tensors):
    seen, stack = set(), [x.edge[0] for x in tensors if x.edge is not None]
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            stack.extend(edge[0] for edge in node.edges if edge is not None)
    return len(seen)


def test_second_order_nodes_grow_linearly_with_the_number_of_fused_operations(fused):
    counts = []
    for k in (4, 8, 16):
        x = leaf(1.001)
        y = x
        for _ in range(k):
            y = fused(y)
        y.sum().backward(create_graph=True)
        counts.append(nodes_behind(x.grad))
    assert counts[2] - counts[1] == 2 * (counts[1] - counts[0])


def test_second_order_through_real_kernels_is_linear_too():
    counts = []
    for k in (3, 6, 12):
        x = mb.normal((2, 4))
        x.requires_grad = True
        y = x
        for _ in range(k):
            y = mb.layer_norm(y)
        (y * y * y).sum().backward(create_graph=True)
        counts.append(nodes_behind(x.grad))
    assert counts[2] - counts[1] == 2 * (counts[1] - counts[0])


def test_graphs_are_freed_at_once_without_the_garbage_collector(fused):
    gc.collect()
    gc.disable()
    try:
        x = leaf(1.0, 2.0)
        y = fused(mb.exp(x)).sum()
        arrays = [weakref.ref(y), weakref.ref(mb.tanh(x).data)]
        y.backward()
        del y
        z = mb.hvp(lambda x: (fused(x) * mb.exp(x)).sum(), x, x.detach())
        arrays.append(weakref.ref(z))
        c = mb.checkpoint(lambda x: mb.tanh(x) * x, x).sum()
        c.backward()
        arrays.append(weakref.ref(c))
        del z, c
        assert [r() for r in arrays] == [None] * len(arrays)
        x.grad = None
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_backward_frees_saved_arrays_on_the_way():
    x = leaf(1.0, 2.0)
    y = mb.exp(x)
    kept = weakref.ref(y.data)
    z = (y * 2.0).sum()
    del y
    assert kept() is not None
    z.backward()
    assert kept() is None


def test_a_graph_of_100_000_operations_works_and_goes_away():
    x = leaf(1.0)
    y = x
    for _ in range(100_000):
        y = y + 1.0
    node = y
    y.sum().backward()
    assert x.grad.tolist() == [1.0]
    del y, node
    y = x
    for _ in range(100_000):
        y = y * 1.0
    del y
    assert gc.collect() == 0


def test_a_tensor_used_twice_gets_both_gradients():
    x = leaf(3.0)
    (x + x).sum().backward()
    assert x.grad.tolist() == [2.0]
    x.grad = None
    (x * x).sum().backward()
    assert x.grad.tolist() == [6.0]


@pytest.mark.parametrize("repeats", [2, 3, 5])
def test_diamonds_add_up(repeats):
    x = leaf(1.0, 2.0)
    y = mb.exp(x)
    z = y
    for _ in range(repeats - 1):
        z = z + y.reshape(2)
    z.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), repeats * np.exp([1.0, 2.0]), rtol=1e-6)


def views_and_sums(x):
    a = x.reshape(2, 2)
    b = a.T + a
    c = a.reshape(4)[::-1]
    return (b * b).sum() + (c * x).sum() + (a[:, 0] * a[0]).sum()


def test_shared_views_get_the_right_gradients():
    mb.check_gradients(views_and_sums, mb.tensor([1.0, 2.0, 3.0, 4.0]))


PAIRS = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "add of views": lambda a, b: a.reshape(2, 2) + b.reshape(2, 2),
    "concatenate": lambda a, b: mb.concatenate([a, b]),
    "stack": lambda a, b: mb.stack([a, b]),
    "sum of a sum": lambda a, b: (a + b).sum(axis=0, keepdims=True),
    "through broadcast": lambda a, b: a.reshape(4, 1) + b.reshape(1, 4),
    "length one": lambda a, b: a.reshape(4, 1).sum(axis=1) * 1.0 + b,
    "fused": lambda a, b: mb.layer_norm(a + b),
    "where": lambda a, b: mb.where(a > 0, a, b),
    "max": lambda a, b: (a + b).max(axis=0),
}


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("name", PAIRS)
def test_gradients_of_leaves_are_private_and_the_users_gradient_stays(name, create_graph):
    a, b = leaf(1.0, -2.0, 3.0, 0.5), leaf(0.3, 0.1, 7.0, -1.0)
    y = PAIRS[name](a, b)
    v = mb.tensor(np.random.default_rng(0).standard_normal(y.shape).astype(np.float32))
    before = v.numpy().copy()
    y.backward(v, create_graph=create_graph)
    assert not np.shares_memory(a.grad.data, b.grad.data)
    for x in (a, b):
        assert x.grad is not v
        assert not np.shares_memory(x.grad.data, v.data)
        assert not np.shares_memory(x.grad.data, x.data)
        assert x.grad.data.flags.c_contiguous
        assert x.grad.data.flags.writeable
    np.testing.assert_array_equal(v.numpy(), before)


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("name", PAIRS)
def test_two_backwards_accumulate_twice_the_gradient(name, create_graph):
    a, b = leaf(1.0, -2.0, 3.0, 0.5), leaf(0.3, 0.1, 7.0, -1.0)
    numbers = np.random.default_rng(0).standard_normal(PAIRS[name](a, b).shape)
    v, grads = mb.tensor(numbers, dtype="float32"), []
    before = v.numpy().copy()
    for first in (True, False):
        PAIRS[name](a, b).backward(v, create_graph=create_graph and first)
        grads.append([x.grad.numpy().copy() for x in (a, b)])
    np.testing.assert_array_equal(v.numpy(), before)
    for once, twice in zip(*grads, strict=True):
        np.testing.assert_allclose(twice, 2 * once, rtol=1e-5, atol=1e-6)


def test_one_gradient_for_two_inputs_is_not_shared_by_their_leaves():
    both = mb.primitive(lambda *xs: xs[0] + xs[1])

    def rule(g):
        again = g * 1.0
        return again, again

    both.defvjp(xs=rule)

    a, b = leaf(1.0, 2.0), leaf(3.0, 4.0)
    both(a, b).sum().backward()
    assert not np.shares_memory(a.grad.data, b.grad.data)
    (a * 10.0).sum().backward()
    assert b.grad.tolist() == [1.0, 1.0]


def test_a_kernel_may_write_into_gradient_and_residuals_only_when_they_are_its_own(fused):
    x = leaf(1.0, 2.0)
    y = fused(x)
    (y + y * 2.0).sum().backward()  # the sum of two gradients is the pass's own memory
    assert x.grad.tolist() == [6.0, 12.0]
    assert fused.seen == [(True, True)]
    v = mb.tensor([1.0, 1.0])
    y = fused(x)
    y.backward(v, retain_graph=True)
    y.backward(v)
    assert v.tolist() == [1.0, 1.0]
    assert fused.seen[1:] == [(False, False), (False, True)]
    assert x.grad.tolist() == [10.0, 20.0]


def test_a_kernel_does_not_write_into_a_gradient_that_another_node_reads(fused):
    x = leaf(1.0, 2.0)
    y = fused(x)
    total = y + mb.exp(x)
    (total * mb.tensor([1.0, 1.0])).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), [2 + np.exp(1), 4 + np.exp(2)], rtol=1e-6)


def test_a_kernel_does_not_spoil_a_watched_gradient(fused):
    x = leaf(1.0, 2.0)
    y = fused(x).watch()
    (y * 3.0).sum().backward()
    assert y.grad.tolist() == [3.0, 3.0]


def test_outputs_that_are_not_used_count_as_zero():
    x = leaf(1.0, 2.0, 3.0)
    first, second, _ = mb.split(x, 3)
    (second * 5.0).sum().backward(retain_graph=True)
    assert x.grad.tolist() == [0.0, 5.0, 0.0]
    (first + second).sum().backward()
    assert x.grad.tolist() == [1.0, 6.0, 0.0]


def test_a_watched_output_that_is_not_used_does_not_stop_the_backward_pass():
    x = leaf(1.0, 2.0)
    first, second = mb.split(x, 2)
    first.watch()
    second.watch()
    first.sum().backward()
    assert first.grad.tolist() == [1.0]
    assert second.grad is None or second.grad.tolist() == [0.0]


def test_retained_graphs_can_be_used_again():
    x = leaf(2.0)
    y = (mb.layer_norm(mb.stack([x, x * x]).reshape(1, 2)) * mb.tensor([1.0, 3.0])).sum()
    y.backward(retain_graph=True)
    first = x.grad.tolist()
    x.grad = None
    y.backward()
    assert x.grad.tolist() == first


def test_no_grad_records_nothing_and_enable_grad_records_inside_it():
    x = leaf(1.0)
    with mb.no_grad():
        assert not mb.exp(x).requires_grad
        assert not mb.linear(x, mb.ones((1, 1))).requires_grad
        with mb.enable_grad():
            assert mb.exp(x).requires_grad
        assert not mb.exp(x).requires_grad
    assert mb.exp(x).requires_grad


def test_no_grad_ends_with_an_exception():
    with pytest.raises(RuntimeError), mb.no_grad():
        raise RuntimeError
    assert mb.exp(leaf(1.0)).requires_grad


def test_watch_keeps_the_gradient_of_an_intermediate_result():
    x = leaf(1.0, 2.0)
    y = (x * x).watch()
    (y * 3.0).sum().backward()
    assert y.grad.tolist() == [3.0, 3.0]
    assert x.grad.tolist() == [6.0, 12.0]


def test_threads_build_their_own_graphs_and_give_the_same_bits():
    def gradient(seed):
        rng = np.random.default_rng(seed)
        x = mb.tensor(rng.standard_normal((33, 16)).astype(np.float32), requires_grad=True)
        w = mb.tensor(rng.standard_normal((16, 16)).astype(np.float32), requires_grad=True)
        for _ in range(3):
            y = mb.layer_norm(mb.linear(x, w) + mb.erf(x))
            mb.cross_entropy(y, mb.tensor(rng.integers(0, 16, 33))).backward()
        return x.grad.numpy().tobytes() + w.grad.numpy().tobytes()

    expected = [gradient(seed) for seed in range(8)]
    results = [None] * 8

    def work(seed):
        results[seed] = gradient(seed)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == expected


def test_no_grad_and_reference_of_one_thread_do_not_reach_another():
    x, seen = leaf(1.0), []
    with mb.no_grad(), mb.reference():
        thread = threading.Thread(target=lambda: seen.append(mb.exp(x).requires_grad))
        thread.start()
        thread.join()
    assert seen == [True]


def test_an_integer_result_has_no_derivative():
    x = leaf(1.5, 2.5)
    assert not x.astype("int64").requires_grad
    assert not (x > 0).requires_grad
    assert not mb.argmax(x).requires_grad


def test_assigned_parameters_are_noticed():
    x, w = leaf(1.0), leaf(2.0)
    y = (x * w).sum()
    w.edge[0].version = next_order()
    with pytest.raises(mb.InputError, match="parameter was assigned after mul had used it"):
        y.backward()
    (x * w).sum().backward()
    assert x.grad.tolist() == [2.0]


def test_a_parameter_assigned_behind_a_view_is_noticed_even_if_only_the_input_is_wanted():
    w = mb.nn.Parameter([2.0, 3.0])
    _, pull = mb.vjp(lambda x: x * w.reshape(2), mb.tensor([1.0, 1.0]))
    w.assign(mb.zeros(2))
    with pytest.raises(mb.InputError, match="assigned"):
        pull(mb.tensor([1.0, 1.0]))


def test_a_refused_backward_changes_no_gradient():
    x, w1 = leaf(1.0), leaf(2.0)
    h = x * w1
    w2 = leaf(3.0)
    y = (h * w2).sum()
    w1.edge[0].version = next_order()
    with pytest.raises(mb.InputError, match="assigned"):
        y.backward()
    assert (x.grad, w1.grad, w2.grad) == (None, None, None)

"""Every operation, by its row: value, derivatives, dtypes, memory layouts, devices, kernels.

The examples of a row are drawn once, and every property is asked of all of them: Hypothesis takes
longer to draw one than most properties take to look at it.
"""

import functools
import inspect
import itertools

import numpy as np
import pytest
from cuda_on_cpu import cuda_on_cpu
from fake_cupy import fake_cupy
from hypothesis import Phase, given, seed, settings
from hypothesis import strategies as st
from real_cupy import on_a_gpu, real_cupy
from tolerances import assert_close

import minibig as mb
from minibig import ops
from minibig.autograd import registry

from .specifications import EXEMPT, ROWS

each_operation = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)


def draw_examples(row, see):
    """Let Hypothesis draw the examples of a row, the same ones every time, and `see` each."""

    @given(data=st.data())
    def draw(data):
        see(*row.inputs(data.draw))

    (seed(ROWS.index(row))(draw) if settings.default.derandomize else draw)()


@functools.cache
def examples(row):
    """The arrays and the keywords of each example."""
    found = []
    draw_examples(row, lambda *example: found.append(example))
    return found


def of_each_example(property, most=None):
    """The test that a property holds for all examples of a row, or for the first ones.

    The property takes `row`, `arrays`, `keywords`, and perhaps the `number` of the example. If it
    fails, Hypothesis draws the examples again and looks for the smallest that fails.
    """
    names = inspect.signature(property).parameters

    def test(**parameters):
        for number, example in enumerate(examples(parameters["row"])[:most]):
            more = parameters | ({"number": number} if "number" in names else {})

            def ask(arrays, keywords, more=more):
                property(arrays=[x.copy() for x in arrays], keywords=keywords, **more)

            try:
                ask(*example)
            except Exception:
                if Phase.shrink in settings.default.phases:
                    draw_examples(parameters["row"], ask)
                raise

    functools.update_wrapper(test, property)
    ours = {"arrays", "keywords", "number"}
    test.__signature__ = inspect.Signature([p for p in names.values() if p.name not in ours])
    return test


@pytest.mark.skipif(Phase.shrink not in settings.default.phases, reason="nothing is made small")
def test_an_example_that_fails_is_made_small():
    shapes = []

    @of_each_example
    def has_one_axis_at_most(row, arrays, keywords):
        shapes.append(arrays[0].shape)
        assert arrays[0].ndim < 2

    with pytest.raises(AssertionError):
        has_one_axis_at_most(row=next(row for row in ROWS if row.name == "exp"))
    assert shapes[-1] == (0, 0)


def as_tuple(y):
    return y if isinstance(y, tuple) else (y,)


def to_float32(arrays):
    return [np.asarray(x, np.float32 if x.dtype.kind == "f" else x.dtype) for x in arrays]


def floats(xs):
    return [i for i, x in enumerate(xs) if x.dtype.kind == "f"]


def outputs_and_gradients(row, arrays, keywords, needed=None, upload=lambda x: x):
    """The results of an operation, and the gradients of its inputs for random upstream ones."""
    needed = floats(arrays) if needed is None else needed
    xs = [mb.Tensor(x) for x in arrays]
    for i in needed:
        xs[i].requires_grad = True
    ys = as_tuple(row.function(*xs, **keywords))
    rng = np.random.default_rng(3)
    for y in ys:
        upstream = np.asarray(rng.standard_normal(y.shape)).astype(y.dtype)
        if y.requires_grad:
            v = mb.Tensor(upload(upstream.copy()))
            y.backward(v, retain_graph=True)
            assert (v.numpy() == upstream).all()
    return ys, [x.grad for x in xs]


def size_of(arrays):
    return max((x.size for x in arrays), default=1)


def assert_same(one, other, dtype, n):
    for a, b in zip(one, other, strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            assert a.dtype == b.dtype
            assert_close(*[np.asarray(x.numpy(), np.float64) for x in (a, b)], dtype, n)


def test_every_operation_has_a_row_or_a_reason():
    covered = {row.name for row in ROWS} | set(EXEMPT)
    offered = {name for name, value in vars(ops).items() if callable(value)}
    assert offered - covered == set()
    assert {name for name in EXEMPT if not hasattr(ops, name)} == set()


def test_every_fusible_has_a_row():
    assert WITH_KERNELS.keys() <= {row.name for row in ROWS}


def test_every_operation_has_a_row_under_its_own_name():
    lambdas = [row.name for row in ROWS if not hasattr(row.function, "__name__")]
    assert lambdas == []
    for row in ROWS:
        if not inspect.isfunction(row.function):
            assert row.function is getattr(mb, row.name, row.function)


@each_operation
@of_each_example
def test_value_is_that_of_the_reference(row, arrays, keywords):
    for given_arrays in (arrays, to_float32(arrays)):
        dtype = np.result_type(np.float32, *[x.dtype for x in given_arrays if x.dtype.kind == "f"])
        exact = [x.astype(np.float64) if x.dtype.kind == "f" else x for x in given_arrays]
        expected = as_tuple(row.reference(*exact, **keywords))
        actual = as_tuple(row.function(*map(mb.tensor, given_arrays), **keywords))
        for y, reference in zip(actual, expected, strict=True):
            assert isinstance(y, mb.Tensor)
            assert_close(y.numpy(), np.asarray(reference), dtype, size_of(arrays))


@each_operation
@of_each_example
def test_derivatives_of_first_and_second_order_are_right(row, arrays, keywords, number):
    y = as_tuple(row.function(*map(mb.tensor, arrays), **keywords))[0]
    if y.dtype.kind == "f":
        f = lambda *xs: row.function(*xs, **keywords)
        mb.check_gradients(f, *map(mb.tensor, arrays), order=2, seed=number)


@each_operation
@of_each_example
def test_float32_gives_float32_in_both_passes(row, arrays, keywords):
    arrays = to_float32(arrays)
    ys, gradients = outputs_and_gradients(row, arrays, keywords)
    for y in ys:
        assert row.widens or not floats(arrays) or y.dtype.kind != "f" or y.dtype == np.float32
    for x, g in zip(arrays, gradients, strict=True):
        assert g is None or (g.dtype == x.dtype and g.shape == x.shape)


def _reversed(x):
    return np.flip(np.flip(x).copy())


def _spaced(x):
    return np.repeat(x, 2, axis=-1)[..., ::2] if x.ndim else x


def _repeated(x):
    return np.broadcast_to(x[:1], x.shape) if x.ndim else x


def _read_only(x):
    x = np.array(x)
    x.flags.writeable = False
    return x


LAYOUTS = {
    "transposed": lambda x: np.asfortranarray(x) if x.ndim else x,
    "reversed": _reversed,
    "every second element": _spaced,
    "repeated with stride 0": _repeated,
    "read-only": _read_only,
}


@each_operation
@of_each_example
def test_layout_in_memory_does_not_matter_and_inputs_stay(row, arrays, keywords, number):
    layout = list(LAYOUTS.values())[number % len(LAYOUTS)]
    arrays = [np.asanyarray(layout(x)) for x in to_float32(arrays)]
    plain = [np.array(x, order="C") for x in arrays]
    before = [x.copy() for x in plain]
    odd = outputs_and_gradients(row, arrays, keywords)
    usual = outputs_and_gradients(row, plain, keywords)
    for ours, theirs in zip(odd, usual, strict=True):
        assert_same(ours, theirs, np.float32, size_of(arrays))
    if not row.writes:
        for x, y, old in zip(arrays, plain, before, strict=True):
            np.testing.assert_array_equal(x, old)
            np.testing.assert_array_equal(y, old)


@each_operation
@of_each_example
def test_each_subset_of_inputs_gets_its_gradients_and_the_others_none(row, arrays, keywords):
    everything = outputs_and_gradients(row, arrays, keywords)[1]
    numbers = floats(arrays)
    for size in range(len(numbers)):
        for needed in itertools.combinations(numbers, size):
            some = outputs_and_gradients(row, [x.copy() for x in arrays], keywords, needed)[1]
            assert all(g is None for i, g in enumerate(some) if i not in needed)
            for i in needed:
                assert_same([some[i]], [everything[i]], np.float64, size_of(arrays))


@each_operation
@of_each_example
def test_a_second_run_gives_the_same_bits(row, arrays, keywords):
    arrays = to_float32(arrays)
    first, second = (
        outputs_and_gradients(row, [x.copy() for x in arrays], keywords) for _ in range(2)
    )
    for one, other in zip(first, second, strict=True):
        for a, b in zip(one, other, strict=True):
            assert a is None or a.numpy().tobytes() == b.numpy().tobytes()


@each_operation
@of_each_example
def test_a_retained_graph_gives_the_same_gradients_again(row, arrays, keywords):
    xs = [mb.Tensor(x) for x in to_float32(arrays)]
    for i in floats(xs):
        xs[i].requires_grad = True
    rng, results = np.random.default_rng(5), ([], [])
    for y in as_tuple(row.function(*xs, **keywords)):
        upstream = mb.Tensor(np.asarray(rng.standard_normal(y.shape)).astype(y.dtype))
        for gathered in results if y.requires_grad else ():
            y.backward(upstream, retain_graph=True)
            gathered += [None if x.grad is None else x.grad.numpy().tobytes() for x in xs]
            for i in floats(xs):
                xs[i].grad = None
    assert results[0] == results[1]


GPUS = [fake_cupy, *on_a_gpu(real_cupy)]
WITH_KERNELS = {operation.name: operation for operation in registry.values() if operation.kernels}
WITH_CUDA = [row for row in ROWS if "cuda" in getattr(WITH_KERNELS.get(row.name), "kernels", ())]


@pytest.mark.parametrize("gpu", GPUS)
@each_operation
@of_each_example
def test_a_gpu_gives_the_same_on_its_own_memory(row, gpu, arrays, keywords):
    assert_same_on(gpu, row, arrays, keywords)


@pytest.mark.parametrize("row", WITH_CUDA, ids=lambda row: row.name)
@functools.partial(of_each_example, most=5)  # each size of an attention head is compiled
def test_cuda_kernels_give_the_same(row, arrays, keywords):
    assert_same_on(cuda_on_cpu, row, arrays, keywords)


def assert_same_on(gpu, row, arrays, keywords):
    arrays = to_float32(arrays)
    expected = outputs_and_gradients(row, [x.copy() for x in arrays], keywords)
    with gpu() as cupy:
        uploaded = [cupy.asarray(x) for x in arrays]
        actual = outputs_and_gradients(row, uploaded, keywords, upload=cupy.asarray)
        for tensors, references in zip(actual, expected, strict=True):
            assert all(x is None or isinstance(x.data, cupy.ndarray) for x in tensors)
            assert_same(tensors, references, np.float32, size_of(arrays))


@pytest.mark.parametrize("row", [r for r in ROWS if r.name in WITH_KERNELS], ids=lambda r: r.name)
@of_each_example
def test_a_kernel_gives_what_its_formula_gives(row, arrays, keywords):
    for arrays in (arrays, to_float32(arrays)):  # noqa: B020
        dtype = arrays[0].dtype
        fused = outputs_and_gradients(row, [x.copy() for x in arrays], keywords)
        with mb.reference():
            formula = outputs_and_gradients(row, [x.copy() for x in arrays], keywords)
        for ours, theirs in zip(fused, formula, strict=True):
            assert_same(ours, theirs, dtype, size_of(arrays))

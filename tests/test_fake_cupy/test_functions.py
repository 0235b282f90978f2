"""Functions and operators: what CuPy lacks, what CUDA leaves undefined, who serves an operator."""

import operator

import numpy as np
import pytest
from fake_cupy.differences import ABSENT, ABSENT_IN_LINALG


def matrix():
    return np.arange(6, dtype=np.float32).reshape(2, 3)


@pytest.mark.parametrize("name", ["errstate", "insert", "einsum_path", "vecdot", "longdouble"])
def test_names_absent_from_cupy_raise(cp, name):
    with pytest.raises(AttributeError, match=name):
        getattr(cp, name)


def test_every_name_of_the_lists_is_absent(fake):
    assert not [name for name in ABSENT if hasattr(fake, name)]
    assert not [name for name in ABSENT_IN_LINALG if hasattr(fake.linalg, name)]


def test_private_names_and_submodules_of_numpy_do_not_shine_through(fake):
    assert not [name for name in ("testing", "_core", "__file__") if hasattr(fake, name)]


@pytest.mark.parametrize("name", ["resize", "setflags", "ctypes", "to_device", "__index__"])
def test_attributes_absent_from_device_arrays_raise(cp, name):
    assert not hasattr(cp.ones(1), name)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda cp, x: cp.exp(x, where=x > 0),
        lambda cp, x: x.sum(where=x > 0),
        lambda cp, x: cp.max(x, initial=0.0),
        lambda cp, x: cp.take(x, cp.asarray([0]), mode="clip"),
        lambda cp, x: cp.einsum("ij->i", x, out=cp.empty(2, np.float32)),
        lambda cp, x: x.astype(np.int32, casting="unsafe"),
    ],
)
def test_keywords_absent_from_cupy_raise(cp, wrong):
    with pytest.raises(TypeError):
        wrong(cp, cp.asarray(matrix()))


def test_copyto_takes_where(cp):
    x = cp.zeros(2)
    cp.copyto(x, cp.ones(2), where=cp.asarray([True, False]))
    assert np.array_equal(x.get(), [1, 0])


def test_add_at_adds_once_for_each_repetition(cp):
    x = cp.zeros(3, np.float32)
    cp.add.at(x, cp.asarray([0, 0, 4]), cp.asarray([1, 2, 5], dtype=np.float32))
    assert np.array_equal(x.get(), [3, 5, 0])


def test_scatter_add_is_add_at(fake):
    import cupyx

    x = fake.zeros((2, 2))
    cupyx.scatter_add(x, (fake.asarray([1, 1]), fake.asarray([0, 0])), 1.0)
    assert np.array_equal(x.get(), [[0, 0], [2, 0]])


def test_rsqrt_keeps_the_dtype(fake):
    import cupyx

    result = cupyx.rsqrt(fake.asarray([4.0, 16.0], dtype=np.float32))
    assert result.dtype == np.float32
    assert np.array_equal(result.get(), [0.5, 0.25])


def test_pinned_memory_is_host_memory(fake):
    import cupyx

    assert isinstance(cupyx.empty_pinned((2, 3), np.float32), np.ndarray)


@pytest.mark.parametrize("name", ["multiply", "divide", "logical_or"])
def test_at_of_other_functions_is_not_supported(cp, name):
    with pytest.raises(NotImplementedError, match="at` is not supported"):
        getattr(cp, name).at(cp.ones(3), cp.asarray([0]), 2.0)


@pytest.mark.parametrize("name, dtype", [("add", "int8"), ("subtract", "f4"), ("maximum", "f2")])
def test_at_supports_few_dtypes(cp, name, dtype):
    with pytest.raises(TypeError, match=f"{name}.at only supports"):
        getattr(cp, name).at(cp.ones(3, dtype), cp.asarray([0]), cp.ones(1, dtype))


def test_at_refuses_host_values(fake):
    with pytest.raises(TypeError, match="Unsupported type"):
        fake.add.at(fake.ones(3), fake.asarray([0]), np.ones(1))


def test_sums_and_products_can_be_reduced_and_accumulated(cp):
    x = cp.asarray(matrix())
    assert np.array_equal(cp.add.reduce(x, axis=1).get(), matrix().sum(axis=1))
    assert np.array_equal(cp.multiply.accumulate(x, axis=1).get(), matrix().cumprod(axis=1))
    assert np.array_equal(np.add.reduce(x).get(), matrix().sum(axis=0))


@pytest.mark.parametrize("method", ["reduce", "accumulate"])
def test_nothing_else_can_be_reduced_or_accumulated(cp, method):
    with pytest.raises(NotImplementedError, match=f"{method}` is not supported"):
        getattr(cp.maximum, method)(cp.ones(3))


def test_reduceat_is_refused(fake):
    with pytest.raises(NotImplementedError, match="reduceat"):
        fake.add.reduceat(fake.ones(3), fake.asarray([0, 2]))


def test_repeated_indices_in_an_assignment_are_refused(fake):
    x = fake.zeros(3)
    with pytest.raises(AssertionError, match="which value wins is undefined"):
        x[fake.asarray([0, 3])] = fake.asarray([1.0, 2.0])


def test_repeated_indices_may_assign_one_value(cp):
    x = cp.zeros(3)
    x[cp.asarray([0, 3, 1])] = 1.0
    assert np.array_equal(x.get(), [1, 1, 0])


def test_different_indices_may_assign_different_values(cp):
    x = cp.zeros((3, 2))
    x[cp.asarray([2, 0]), 1] = cp.asarray([1.0, 2.0])
    assert np.array_equal(x.get(), [[0, 2], [0, 0], [0, 1]])


@pytest.mark.parametrize(
    "value, dtype", [(-1.0, "u1"), (np.nan, "i4"), (np.inf, "i8"), (3e9, "i4")]
)
def test_casts_to_integers_out_of_range_are_refused(fake, value, dtype):
    with pytest.raises(AssertionError, match="outside its range is undefined"):
        fake.asarray([value]).astype(dtype)


def test_casts_to_integers_within_range_truncate(cp):
    assert np.array_equal(cp.asarray([-0.5, 255.5]).astype(np.uint8).get(), [0, 255])


def test_floating_point_warnings_are_silent(cp):
    x = cp.asarray([0.0, -1.0, 1e38], dtype=np.float32)
    assert np.isinf(cp.log(x)[0].get())
    assert np.isinf((x * x)[2].get())


@pytest.mark.parametrize("batch", [(), (2,)])
def test_half_precision_products_are_summed_in_single_precision(cp, batch):
    rows = np.full((*batch, 2, 4096), 1.0, np.float16)
    x = cp.asarray(rows)
    product = x @ x.swapaxes(-1, -2)
    assert product.dtype == np.float16
    assert (product == 4096).all().item()
    out = cp.empty(product.shape, np.float16)
    assert cp.matmul(x, x.swapaxes(-1, -2), out=out) is out
    assert (out == 4096).all().item()


def test_half_precision_products_do_not_overflow_on_the_way(cp):
    row = cp.asarray([[300.0, 300.0]], dtype=np.float16)
    assert (row @ cp.asarray([[300.0], [-300.0]], dtype=np.float16)).item() == 0


class ServedFirst:
    __array_ufunc__ = None

    def __radd__(self, other):
        return "served"


class OfHigherPriority:
    __array_priority__ = 1000

    def __radd__(self, other):
        return "served"


class OfLowerPriority:
    def __radd__(self, other):
        return "served"


@pytest.mark.parametrize("other", [ServedFirst(), OfHigherPriority()])
def test_a_type_that_asks_for_it_handles_the_operator(cp, other):
    assert cp.ones(1) + other == "served"


@pytest.mark.parametrize("name", ["add", "truediv", "floordiv", "mod", "pow", "xor", "lshift"])
def test_operators_work_from_both_sides_and_in_place(cp, name):
    apply, host = getattr(operator, name), np.arange(1, 4)
    x = cp.asarray(host)
    assert np.array_equal(apply(x, 2).get(), apply(host, 2))
    assert np.array_equal(apply(2, x).get(), apply(2, host))
    if name != "truediv":
        assert getattr(operator, f"i{name}")(x, 2) is x
        assert np.array_equal(x.get(), apply(host, 2))


@pytest.mark.parametrize("name", ["lt", "le", "gt", "ge", "eq", "ne"])
def test_comparisons_answer_element_by_element(cp, name):
    apply, host = getattr(operator, name), matrix()
    assert np.array_equal(apply(cp.asarray(host), 2).get(), apply(host, 2))


def test_any_other_type_is_refused(cp):
    with pytest.raises(TypeError):
        cp.ones(1) + OfLowerPriority()

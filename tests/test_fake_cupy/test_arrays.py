"""The device array: its type, its border to the host, its indices, memory and undefined corners."""

import copy
import operator

import numpy as np
import pytest
from fake_cupy import fake_cupy
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp


def matrix():
    return np.arange(6, dtype=np.float32).reshape(2, 3)


def test_a_device_array_is_not_a_numpy_array(cp):
    assert not isinstance(cp.asarray(matrix()), np.ndarray)
    assert isinstance(cp.asarray(matrix()), cp.ndarray)


@pytest.mark.parametrize("convert", [np.asarray, np.array, lambda x: np.zeros(6).put([0], x)])
def test_implicit_conversion_to_numpy_is_refused(cp, convert):
    with pytest.raises(TypeError, match="Implicit conversion to a NumPy array is not allowed"):
        convert(cp.ones(1))


MIXTURES = {
    "device + host": lambda cp, x, h: x + h,
    "host + device": lambda cp, x, h: h + x,
    "host - device": lambda cp, x, h: h - x,
    "device > host": lambda cp, x, h: x > h,
    "device += host": lambda cp, x, h: operator.iadd(x, h),
    "host += device": lambda cp, x, h: operator.iadd(h, x),
    "device @ host": lambda cp, x, h: x @ h.T,
    "host @ device": lambda cp, x, h: h @ x.T,
    "np.add": lambda cp, x, h: np.add(x, h),
    "cp.add": lambda cp, x, h: cp.add(h, x),
    "cp.add out": lambda cp, x, h: cp.add(x, x, out=h),
    "cp.exp": lambda cp, x, h: cp.exp(h),
    "cp.matmul": lambda cp, x, h: cp.matmul(x, h.T),
    "cp.where": lambda cp, x, h: cp.where(x > 0, x, h),
    "cp.concatenate": lambda cp, x, h: cp.concatenate([x, h]),
    "np.concatenate": lambda cp, x, h: np.concatenate([h, x]),
    "device + list": lambda cp, x, h: operator.add(x, [1.0, 2.0, 3.0]),
    "list + device": lambda cp, x, h: operator.add([1.0, 2.0, 3.0], x),
    "cp.maximum list": lambda cp, x, h: cp.maximum(x, [1.0, 2.0, 3.0]),
}


@pytest.mark.parametrize("mixture", MIXTURES.values(), ids=MIXTURES)
def test_mixing_device_and_host_operands_raises(cp, mixture):
    with pytest.raises(TypeError):
        mixture(cp, cp.asarray(matrix()), matrix())


@pytest.mark.parametrize("name", ["device + host", "host + device", "cp.exp", "cp.where"])
def test_mixing_says_which_type_is_unsupported(cp, name):
    with pytest.raises(TypeError, match=r"Unsupported type <class 'numpy\.ndarray'>"):
        MIXTURES[name](cp, cp.asarray(matrix()), matrix())


def test_a_numpy_array_cannot_be_assigned_to_a_slice(cp):
    x = cp.zeros((2, 3), np.float32)
    with pytest.raises(ValueError, match="cannot be used for fill"):
        x[:] = matrix()


def test_a_numpy_array_cannot_be_assigned_through_an_index_array(fake):
    x = fake.zeros(3)
    with pytest.raises(ValueError, match="cannot be used for fill"):
        x[fake.asarray([0, 1])] = np.ones(2)


def test_numpy_scalars_and_python_scalars_are_operands(cp):
    x = cp.asarray(matrix())
    assert ((x * 2.0).dtype, (np.float32(2) * x).dtype) == (np.float32, np.float32)
    assert (x * np.float64(2)).dtype == np.float64
    assert np.array_equal((1 - x * np.float32(2)).get(), 1 - matrix() * 2)


@pytest.mark.parametrize("function", [np.exp, np.sum, np.transpose, np.linalg.norm])
def test_numpy_functions_of_device_arrays_answer_on_the_device(cp, function):
    assert isinstance(function(cp.asarray(matrix())), cp.ndarray)


def test_only_device_arrays_have_methods_called_as_functions(cp):
    with pytest.raises((TypeError, AttributeError)):
        cp.sum([1.0, 2.0])


def test_uploading_copies_and_downloading_copies(cp):
    host = matrix()
    x = cp.asarray(host)
    host[:] = 9
    x.get()[:] = 8
    assert np.array_equal(x.get(), matrix())


def test_asarray_of_a_device_array_is_that_array(cp):
    x = cp.asarray(matrix())
    assert cp.asarray(x) is x
    assert x.astype(np.float32, copy=False) is x
    assert cp.array(x) is not x


def test_copies_share_no_memory(cp):
    x = cp.asarray(matrix())
    for y in (x.copy(), copy.deepcopy(x), copy.copy(x), cp.array(x)):
        y[...] = 7
    assert np.array_equal(x.get(), matrix())


def test_set_takes_only_a_host_array_of_the_same_kind(cp):
    x = cp.zeros((2, 3), np.float32)
    x.set(matrix())
    assert np.array_equal(x.get(), matrix())
    with pytest.raises(TypeError, match=r"Only|cannot be set"):
        x.set(matrix().astype(np.float64))


@pytest.mark.parametrize("dtype", [object, "U3", np.longdouble])
def test_dtypes_without_a_counterpart_in_cuda_are_refused(cp, dtype):
    with pytest.raises(ValueError, match="Unsupported dtype"):
        cp.zeros(3, dtype=dtype)


@pytest.mark.parametrize(
    "reduce",
    [
        lambda cp, x: x.sum(),
        lambda cp, x: cp.mean(x),
        lambda cp, x: x.argmax(),
        lambda cp, x: x[1, 2],
        lambda cp, x: cp.array_equal(x, x),
        lambda cp, x: cp.count_nonzero(x),
        lambda cp, x: cp.linalg.norm(x),
    ],
)
def test_scalar_results_are_device_arrays_without_axes(cp, reduce):
    result = reduce(cp, cp.asarray(matrix()))
    assert isinstance(result, cp.ndarray)
    assert result.shape == ()


def test_a_device_array_is_no_index(cp):
    with pytest.raises(TypeError):
        operator.index(cp.asarray(2))
    with pytest.raises(TypeError):
        [1, 2, 3][cp.asarray(2)]


def test_a_full_index_is_a_view(cp):
    x = cp.zeros((2, 3))
    x[1, 2][...] = 5
    assert x.sum().item() == 5


def test_a_device_array_cannot_be_hashed(cp):
    with pytest.raises(TypeError, match="unhashable"):
        hash(cp.ones(1))


def test_iterating_over_an_array_without_axes_raises(cp):
    with pytest.raises(TypeError, match="iteration over a 0-d array"):
        iter(cp.asarray(1.0))


@pytest.mark.parametrize("outside, inside", [([3, 4], [0, 1]), ([-4], [2]), ([[7]], [[1]])])
def test_index_arrays_out_of_bounds_wrap_silently(cp, outside, inside):
    x = cp.asarray(np.arange(3.0))
    assert np.array_equal(x[cp.asarray(outside)].get(), np.arange(3.0)[inside])
    assert np.array_equal(cp.take(x, cp.asarray(outside)).get(), np.arange(3.0)[inside])
    x[cp.asarray(outside)] = 9
    assert (x[cp.asarray(inside)] == 9).all().item()


def test_index_arrays_wrap_on_their_own_axis(cp):
    x = cp.asarray(matrix())
    columns = x[:, None, cp.asarray([3])]
    assert np.array_equal(columns.get(), matrix()[:, None, [0]])
    assert x[..., cp.asarray([2]), cp.asarray([4])].item() == matrix()[0, 1]


@pytest.mark.parametrize("key", [3, -4, (Ellipsis, 3)])
def test_an_integer_out_of_bounds_raises(cp, key):
    with pytest.raises(IndexError, match="out of bounds"):
        cp.zeros(3)[key]


def test_a_float_index_array_raises(cp):
    with pytest.raises(IndexError, match="integer"):
        cp.zeros(3)[cp.asarray([0.0])]


def arrays_with(indices):
    shapes = hnp.array_shapes(max_dims=3, max_side=4)
    return shapes.flatmap(
        lambda shape: st.tuples(
            hnp.arrays(np.float32, shape, elements={"allow_nan": False}), indices(shape)
        )
    )


def same(device_array, host_array):
    return np.array_equal(device_array.get(), host_array)


@given(arrays_with(lambda shape: hnp.basic_indices(shape, allow_newaxis=True)))
def test_basic_indexing_agrees_with_numpy(case):
    host, key = case
    with fake_cupy() as cp:
        assert same(cp.asarray(host)[key], host[key])


@given(arrays_with(lambda shape: hnp.integer_array_indices(shape)))
def test_indexing_with_arrays_within_bounds_agrees_with_numpy(case):
    host, key = case
    with fake_cupy() as cp:
        assert same(cp.asarray(host)[tuple(cp.asarray(part) for part in key)], host[key])


@given(arrays_with(lambda shape: hnp.arrays(bool, shape)))
def test_masks_agree_with_numpy(case):
    host, mask = case
    with fake_cupy() as cp:
        x = cp.asarray(host)
        assert same(x[cp.asarray(mask)], host[mask])
        x[cp.asarray(mask)] = 0
        assert same(x, np.where(mask, 0, host))


def test_the_base_of_a_view_is_the_array_that_owns_the_memory(cp):
    x = cp.zeros((2, 3))
    assert x.base is None
    assert x[0].base is x
    assert x.T[1:].base is x
    assert (x + 1).base is None
    assert x[cp.asarray([0, 1])].base is None


def test_the_base_outlives_its_name(cp):
    view = cp.asarray(matrix())[1]
    assert isinstance(view.base, cp.ndarray)
    assert view.base.shape == (2, 3)


def test_views_share_memory_with_their_base(cp):
    x = cp.zeros((2, 3))
    x.T[0] = 1
    cp.split(x, 3, axis=1)[2][...] = 2
    assert x.sum().item() == 6


@pytest.mark.parametrize(
    "operation",
    [
        lambda cp, x: x + 1,
        lambda cp, x: -x,
        lambda cp, x: cp.exp(x),
        lambda cp, x: cp.where(x > 0, x, 0),
        lambda cp, x: x[:, cp.asarray([0, 1])],
    ],
)
def test_elementwise_results_are_in_c_order_whatever_the_operands_are(cp, operation):
    x = cp.asarray(matrix()).T
    assert not x.flags.c_contiguous
    assert operation(cp, x).flags.c_contiguous


def test_the_description_of_an_array_is_numpys(cp):
    x, host = cp.asarray(matrix()).T, matrix().T
    for name in ("shape", "dtype", "ndim", "size", "itemsize", "nbytes", "strides"):
        assert getattr(x, name) == getattr(host, name)
    assert len(x) == len(host)


def test_flags_have_no_writeable(cp):
    with pytest.raises(AttributeError):
        cp.ones(1).flags.writeable  # noqa: B018


def test_the_array_given_as_out_is_what_comes_back(cp):
    x, out = cp.asarray(matrix()), cp.empty((2, 3), np.float32)
    assert cp.add(x, x, out=out) is out
    assert cp.matmul(x, x.T, out=out[:, :2]).shape == (2, 2)
    row = cp.empty(3, np.float32)
    assert x.sum(axis=0, out=row) is row
    assert np.array_equal(row.get(), matrix().sum(axis=0))


def test_in_place_operators_keep_the_array(cp):
    x = y = cp.asarray(matrix())
    y += 1
    y *= y
    assert x is y
    assert np.array_equal(x.get(), (matrix() + 1) ** 2)

"""Sorting beyond the rows: ties, NaN, every kind of element, and no more work than needed."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import minibig as mb
from minibig.ops.cumulative import places_of_largest_so_far
from minibig.ops.sorting import places_of_largest

FEW = st.sampled_from([0.0, 1.0, 2.0, np.inf, -np.inf, np.nan])
rows = st.sampled_from(["float32", "int64", "uint8", "bool"]).flatmap(
    lambda dtype: hnp.arrays(
        dtype, hnp.array_shapes(min_dims=1, max_dims=3, max_side=6),
        elements=FEW if dtype == "float32" else None,
    )
)  # fmt: skip


@given(rows, st.data())
def test_the_largest_are_the_head_of_a_stable_descending_order(x, data):
    axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
    n = x.shape[axis]
    k = data.draw(st.integers(0, n))
    backwards = np.argsort(np.flip(x, axis), axis=axis, kind="stable")
    expected = np.take(n - 1 - np.flip(backwards, axis), np.arange(k), axis=axis)
    np.testing.assert_array_equal(places_of_largest(x, k=k, axis=axis % x.ndim), expected)
    values, places = mb.top_k(mb.tensor(x), k, axis)
    np.testing.assert_array_equal(places.numpy(), expected)
    np.testing.assert_array_equal(values.numpy(), np.take_along_axis(x, expected, axis))


@given(rows, st.data())
def test_running_extremes_are_numpys_for_ties_nan_and_every_kind_of_element(x, data):
    axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
    largest, smallest = (f(mb.tensor(x), axis).numpy() for f in (mb.cummax, mb.cummin))
    np.testing.assert_array_equal(largest, np.maximum.accumulate(x, axis))
    np.testing.assert_array_equal(smallest, np.minimum.accumulate(x, axis))
    assert largest.dtype == smallest.dtype == x.dtype


def test_of_equal_elements_the_latest_gets_the_gradient_of_a_running_maximum():
    assert places_of_largest_so_far(np.array([1, 3, 3, 2]), axis=0).tolist() == [0, 1, 2, 2]
    x = mb.tensor([1.0, 3.0, 3.0, 2.0], requires_grad=True)
    mb.cummax(x).sum().backward()
    assert x.grad.tolist() == [1, 1, 2, 0]


def test_nonzero_is_an_index():
    x = mb.tensor([[0.0, 5.0], [7.0, 0.0]])
    assert x[mb.nonzero(x)].tolist() == [5, 7]
    assert x[x.nonzero()].tolist() == [5, 7]


def test_a_scatter_with_equal_ids_keeps_the_last_and_sends_its_gradient_there(device):
    x = mb.tensor([1.0, 2.0, 3.0], device=device, requires_grad=True)
    values = mb.tensor([10.0, 20.0, 30.0], device=device, requires_grad=True)
    y = mb.scatter(x, mb.tensor([1, 1, 0], device=device), values)
    y.sum().backward()
    assert y.tolist() == [30, 20, 3]
    assert (x.grad.tolist(), values.grad.tolist()) == ([0, 0, 1], [0, 1, 1])
    assert mb.scatter(x, mb.zeros(0, "int64", device), mb.zeros(0, device=device)).tolist() == [
        1,
        2,
        3,
    ]

"""Indexing: whatever NumPy's indexing takes, with the gradient that a loop over places gives."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minibig as mb

SHAPE = (3, 4, 2)
VALUES = np.arange(24.0).reshape(SHAPE)

integers = st.integers(-2, 1)
sequences = st.lists(integers, max_size=3)
PARTS = st.one_of(
    integers,
    integers.map(np.int64),
    integers.map(np.array),
    st.slices(4),
    st.just(slice(None, None, -1)),
    st.none(),
    st.just(...),
    st.booleans(),
    st.booleans().map(np.bool_),
    sequences,
    sequences.map(tuple),
    sequences.map(lambda values: np.array(values, np.int8)),
    st.integers(0, 2).map(range),
    st.lists(sequences.filter(lambda row: len(row) == 2), min_size=1, max_size=2),
    st.sampled_from([3, 4, 2]).flatmap(
        lambda n: st.lists(st.booleans(), min_size=n, max_size=n).map(np.array)
    ),
    st.just(VALUES[0] > 3),
    st.just(VALUES[:, :, 0] % 3 == 0),
    st.just((VALUES > 20).tolist()),
)
INDICES = st.one_of(PARTS, st.lists(PARTS, max_size=4).map(tuple))


def expect_what_a_loop_gives(index, device="cpu"):
    try:
        places = np.arange(24).reshape(SHAPE)[index]
    except IndexError:
        with pytest.raises((IndexError, mb.InputError)):
            mb.tensor(VALUES, device=device)[index]
        return
    x = mb.tensor(VALUES, device=device, requires_grad=True)
    y = x[index]
    np.testing.assert_array_equal(y.numpy(), VALUES.reshape(-1)[places])
    upstream = np.random.default_rng(0).standard_normal(y.shape)
    y.backward(mb.tensor(upstream, device=device))
    expected = np.zeros(24)
    for place, g in zip(np.ravel(places), np.ravel(upstream), strict=True):
        expected[place] += g
    np.testing.assert_allclose(x.grad.numpy(), expected.reshape(SHAPE), rtol=1e-12)


@settings(max_examples=100)
@given(index=INDICES)
def test_values_and_gradients_are_those_of_a_loop_over_places(index):
    expect_what_a_loop_gives(index)


DISGUISED = [
    ((0, 0, 2),),
    ((0, 0, 1), slice(None)),
    (slice(None), (1, 1, 3)),
    (..., [1, 1]),
    ([[0, 0], [2, 0]], 1),
    (range(2), (0, 0)),
    True,
    (None, True, 1),
    (False, slice(None)),
    (np.array(2), [3, 3]),
    (np.bool_(True), [1, 1]),
    [True, False, True],
    ((),),
]


@pytest.mark.parametrize("index", DISGUISED, ids=repr)
def test_arrays_of_indices_in_disguise(index, device):
    expect_what_a_loop_gives(index, device)


def test_tensors_are_indices_too(device):
    x = mb.tensor(VALUES, device=device, requires_grad=True)
    rows, mask = mb.tensor([1, 1], device=device), mb.tensor(VALUES[0] > 2, device=device)
    (x[rows].sum() + x[0, mask].sum() + x[mb.tensor(2, device=device)].sum()).backward()
    expected = np.zeros(SHAPE)
    expected[1], expected[2] = 2, 1
    expected[0] += VALUES[0] > 2
    np.testing.assert_array_equal(x.grad.numpy(), expected)


def test_second_derivatives_go_through_a_repeated_index():
    x = mb.tensor(VALUES)
    mb.check_gradients(lambda x: x[(0, 0, 2), :, (1, 1, 0)] ** 3, x, order=2)


@pytest.mark.parametrize(
    ("index", "words"),
    [
        (1.0, "float64"),
        ("a", "integers or bools; got <U1"),
        (([0.5],), "float64"),
        ([[0], [1, 2]], "inhomogeneous"),
        ((0, [4]), "index 4 is beyond axis 1 of length 4"),
        ((..., (0, -3)), "index -3 is beyond axis 2 of length 2"),
        ((True, [3]), "index 3 is beyond axis 0"),
        ((VALUES[0] > 3, [0]), "bool"),
        ([5], "index 5 is beyond axis 0"),
        (5, "out of bounds"),
    ],
    ids=repr,
)
def test_what_is_no_index_is_refused_with_a_sentence(index, words):
    with pytest.raises((mb.InputError, IndexError), match=words):
        mb.tensor(VALUES)[index]

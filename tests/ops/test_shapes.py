"""The gradient of `split`: parts that lie side by side in memory are taken as they are."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minibig as mb
from minibig.autograd.backward_pass import Walk

numbers = np.random.default_rng(0)


def gradient(parts: list[np.ndarray], axis: int) -> np.ndarray:
    """The gradient of what was split, from those of its parts, as the rule of `split` gives it."""
    sizes = [part.shape[axis] for part in parts]
    x = mb.tensor(np.concatenate(parts, axis), requires_grad=True)
    found = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Walk, "observer", lambda walk, node, g, results: found.append(results[0]))
        walk = Walk()
        walk.run([(y, mb.Tensor(g)) for y, g in zip(mb.split(x, sizes, axis), parts, strict=True)])
    return found[0]


@given(
    shape=st.lists(st.integers(0, 4), min_size=1, max_size=4),
    axis=st.integers(-4, 3),
    cuts=st.lists(st.integers(0, 4), max_size=3),
    order=st.randoms(),
    transposed=st.booleans(),
)
def test_the_gradient_of_split_puts_the_parts_together(shape, axis, cuts, order, transposed):
    axis = axis % len(shape) - (len(shape) if axis < 0 else 0)
    whole = numbers.standard_normal(shape)
    whole = whole.T if transposed else whole
    parts = np.split(whole, sorted(min(n, whole.shape[axis]) for n in cuts), axis)
    np.testing.assert_array_equal(gradient(parts, axis), whole)
    order.shuffle(parts)
    np.testing.assert_array_equal(gradient(parts, axis), np.concatenate(parts, axis))


def test_parts_that_lie_side_by_side_are_not_copied():
    memory = numbers.standard_normal((2, 5, 3, 4))
    whole = memory.transpose(0, 2, 1, 3)
    joined = gradient([whole[:, :1], whole[:, 1:]], 1)
    assert np.shares_memory(joined, memory)
    assert joined.strides == whole.strides
    swapped = gradient([whole[:, 1:], whole[:, :1]], 1)
    twice = gradient([whole[:, :1], whole[:, :1]], 1)
    other = gradient([whole[:, :1], whole[:, 1:].copy()], 1)
    for x in (swapped, twice, other):
        assert not np.shares_memory(x, memory)

"""The order of an epoch: that of sorted random numbers, whatever part of it is held at a time."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minibig.data import epoch_order, random_words
from minibig.data.epoch_order import EpochOrder


def sorted_at_once(seed, epoch, n_blocks):
    """The definition: sort all numbers but the first."""
    return np.argsort(random_words(seed, epoch, 1 + n_blocks)[1:], kind="stable")


@given(
    seed=st.integers(-(2**40), 2**70),
    epoch=st.integers(0, 9),
    n_blocks=st.integers(1, 80),
    bits=st.integers(0, 7),  # from one block a stretch to all in one
    random=st.randoms(),
)
def test_stretches_give_the_order_that_sorting_at_once_gives(seed, epoch, n_blocks, bits, random):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(epoch_order, "_STRETCH_BITS", bits)
        order = EpochOrder(seed, epoch, n_blocks)
        expected = sorted_at_once(seed, epoch, n_blocks)
        np.testing.assert_array_equal(order.blocks(np.arange(n_blocks)), expected)
        places = np.array([random.randrange(n_blocks) for _ in range(20)])
        np.testing.assert_array_equal(order.blocks(places), expected[places])


def test_equal_numbers_keep_the_order_of_their_blocks(monkeypatch):
    class Coarse:
        """A stream in which every number comes often."""

        def __init__(self, seed, epoch):
            self.drawn = np.random.default_rng(0)

        def random_raw(self, count=None):
            return self.drawn.integers(0, 5, count, np.uint64) << np.uint64(62)

    monkeypatch.setattr(epoch_order, "_philox", Coarse)
    expected = sorted_at_once(0, 0, 100)
    for bits in (3, 20):
        monkeypatch.setattr(epoch_order, "_STRETCH_BITS", bits)
        np.testing.assert_array_equal(EpochOrder(0, 0, 100).blocks(np.arange(100)), expected)


def test_the_offset_is_the_first_number_of_the_stream():
    assert EpochOrder(3, 1, 9).offset(1000) == int(random_words(3, 1, 1)[0]) % 1000
    assert len({EpochOrder(3, epoch, 9).offset(4) for epoch in range(40)}) == 4


def test_memory_does_not_grow_with_the_number_of_blocks():
    def peak(n_blocks):
        tracemalloc.start()
        EpochOrder(0, 0, n_blocks).blocks(np.arange(8))
        result = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return result

    one, twelve = peak(1 << 20), peak(12 << 20)
    assert one > 8 << 20 and twelve < one * 1.2 + 1e6, (one, twelve)

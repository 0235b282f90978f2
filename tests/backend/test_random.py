"""Seeds, streams, and dropout masks that can be recomputed anywhere."""

import json
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minibig.backend import (
    CPU,
    DropoutKey,
    InputError,
    dropout_from,
    dropout_key,
    dropout_state,
    generator,
    keep_mask,
    manual_seed,
    random_state,
    set_random_state,
    stream,
    to_numpy,
    training_step,
)
from minibig.backend import device as device_called

WORD = 2**64 - 1


def philox(key, counter):
    """Philox4x64-10 in plain integers, as Salmon et al. 2011 write it, figure 2 and table 2."""
    k0, k1 = key & WORD, key >> 64
    c = list(counter)
    for _ in range(10):
        a, b = 0xD2E7470EE14C6C93 * c[0], 0xCA5A826395121157 * c[2]
        c = [(b >> 64) ^ c[1] ^ k0, b & WORD, (a >> 64) ^ c[3] ^ k1, a & WORD]
        k0, k1 = (k0 + 0x9E3779B97F4A7C15) & WORD, (k1 + 0xBB67AE8584CAA73B) & WORD
    return c


def plain_mask(shape, p, key):
    """One lane after the other; NumPy counts up before it draws."""
    keep = []
    lanes = int(np.prod(shape[1:]))
    for i in range(shape[0]):
        words, block = [], 0
        while 2 * len(words) < lanes:
            block += 1
            words += philox(key.key, (block, key.first_example + i, 0, 0))
        halves = [half for word in words for half in (word & 0xFFFFFFFF, word >> 32)]
        keep += [half >= int(p * 2**32) for half in halves[:lanes]]
    return np.array(keep, bool).reshape(shape)


@given(
    key=st.integers(0, 2**128 - 1),
    first=st.integers(0, 10**9),
    shape=st.tuples(st.integers(0, 3), st.integers(0, 5), st.integers(0, 5)),
    p=st.floats(0, 1, exclude_max=True),
)
def test_the_mask_is_philox_of_key_and_example(key, first, shape, p):
    key = DropoutKey(key, first)
    np.testing.assert_array_equal(keep_mask(shape, p, key, CPU), plain_mask(shape, p, key))


@given(cut=st.integers(0, 6), columns=st.integers(0, 9))
def test_a_part_of_the_batch_has_its_part_of_the_mask(cut, columns):
    whole = keep_mask((6, columns), 0.5, DropoutKey(9, 100), CPU)
    parts = [
        keep_mask((n, columns), 0.5, DropoutKey(9, 100 + at), CPU)
        for at, n in ((0, cut), (cut, 6 - cut))
    ]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_a_mask_drops_the_share_it_should():
    for p in (0.1, 0.5, 0.9):
        mask = keep_mask((100, 1000), p, DropoutKey(3), CPU)
        assert abs(mask.mean() - (1 - p)) < 5 * (p * (1 - p) / mask.size) ** 0.5
    assert keep_mask((), 0.0, DropoutKey(3), CPU).shape == ()


def test_masks_are_the_same_on_every_device(device):
    where = device_called(device)

    mask = keep_mask((3, 5), 0.5, DropoutKey(1), where)
    np.testing.assert_array_equal(to_numpy(mask), keep_mask((3, 5), 0.5, DropoutKey(1), CPU))


def test_keys_depend_on_seed_step_micro_step_path_and_call():
    keys = set()
    for seed in (0, 1):
        manual_seed(seed)
        for step, micro in ((0, 0), (0, 1), (1, 0)):
            with training_step(step, micro):
                keys |= {dropout_key(path).key for path in ("a", "b", "a")}
    assert len(keys) == 2 * 3 * 3


def test_entering_a_step_again_gives_the_same_keys():
    def keys():
        with training_step(4, 1, first_example=12):
            return [dropout_key("block.0"), dropout_key("block.0")]

    first = keys()
    dropout_key("elsewhere")
    assert keys() == first
    assert first[0].first_example == 12


def test_steps_nest_and_end_with_an_exception():
    with training_step(1):
        outer = dropout_key("a")
        with pytest.raises(RuntimeError), training_step(2):
            assert dropout_key("a") != outer
            raise RuntimeError
        assert dropout_key("a") not in (outer, None)
    with training_step(1):
        assert dropout_key("a") == outer


def keys_of(*paths):
    return [dropout_key(path) for path in paths]


def test_back_at_a_moment_the_same_keys_are_drawn_and_afterwards_the_next_ones():
    with training_step(3, 1, first_example=8):
        skipped = keys_of("a", "b")
        before = dropout_state()
        first = keys_of("a", "a", "b")
        for _ in range(2):  # a graph that is retained goes back more than once
            with dropout_from(before):
                assert keys_of("a", "a", "b") == first
            assert dropout_from(before).call(keys_of, "a", "a", "b") == first
        after = keys_of("a", "b")
    with training_step(3, 1, first_example=8):
        assert keys_of("a", "b", "a", "a", "b", "a", "b") == skipped + first + after


def test_moments_nest_and_end_with_an_exception():
    outer = dropout_state()
    first = keys_of("a")
    inner = dropout_state()
    second = keys_of("a")
    with dropout_from(outer):
        assert keys_of("a") == first
        with pytest.raises(RuntimeError), dropout_from(inner):
            assert keys_of("a") == second
            raise RuntimeError
        assert dropout_state() == inner
        with training_step(7):
            elsewhere = keys_of("a")
        assert keys_of("a") == second
    with training_step(7):
        assert keys_of("a") == elsewhere


def test_a_moment_keeps_its_seed():
    manual_seed(1)
    before, first = dropout_state(), keys_of("a", "b")
    manual_seed(2)
    with dropout_from(before):
        assert keys_of("a", "b") == first
        manual_seed(2)  # by the one who is back there
        inside = keys_of("c")
    assert keys_of("c") == inside
    manual_seed(1)
    assert keys_of("c") != inside


def test_a_moment_can_be_gone_back_to_in_another_thread():
    with training_step(5):
        before, first, seen = dropout_state(), keys_of("a", "a"), []

        def work():
            with dropout_from(before):
                seen.extend(keys_of("a", "a"))
            seen.extend(keys_of("a", "a"))

        thread = threading.Thread(target=work)
        thread.start()
        thread.join(timeout=60)
    assert seen[:2] == first
    assert not set(seen[2:]) & set(first)


def test_another_thread_stands_at_its_own_step():
    seen = []
    with training_step(5):
        expected = dropout_key("a")
        thread = threading.Thread(target=lambda: seen.append(dropout_key("a")))
        thread.start()
        thread.join()
    assert seen != [expected]


def test_streams_are_independent_and_start_again_with_the_seed():
    manual_seed(3)
    a = stream("a").random(3)
    manual_seed(3)
    stream("b").random(100)
    np.testing.assert_array_equal(stream("a").random(3), a)
    assert (generator(3, "a").random(3) == a).all()
    assert (generator(4, "a").random(3) != a).all()


def test_the_state_goes_through_json_and_comes_back():
    manual_seed(3)
    stream("a").random(5)
    saved = json.loads(json.dumps(random_state()))
    expected = stream("a").random(5), stream("new").random(5)
    manual_seed(99)
    set_random_state(saved)
    np.testing.assert_array_equal((stream("a").random(5), stream("new").random(5)), expected)


@pytest.mark.parametrize("seed", [-1, 1.5, True, "1", None])
def test_a_seed_that_is_no_whole_number_is_refused(seed):
    manual_seed(7)
    expected = stream("a").random()
    with pytest.raises(InputError, match=f"whole number of at least 0; got {seed!r}"):
        manual_seed(seed)
    manual_seed(7)
    assert stream("a").random() == expected


def test_a_seed_starts_the_keys_outside_of_a_step_again():
    manual_seed(3)
    keys = [dropout_key("a"), dropout_key("a")]
    manual_seed(3)
    assert [dropout_key("a"), dropout_key("a")] == keys
    assert keys[0] != keys[1]

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minibig as mb
from minibig.nn import Cache, KeyValueCache, MultiHeadAttention, Parameter, RotaryPositions


def random(*shape):
    return mb.Tensor(np.random.default_rng(sum(shape)).standard_normal(shape).astype("float32"))


@given(
    sizes=st.lists(st.integers(0, 5), min_size=1, max_size=8),
    capacity=st.integers(1, 6),
    batch=st.integers(1, 3),
)
def test_what_was_appended_comes_back_in_order_whatever_the_capacity(sizes, capacity, batch):
    cache = KeyValueCache(batch, 2, 3, capacity)
    total = sum(sizes)
    keys, values = random(batch, 2, total, 3), random(batch, 2, total + 1, 3)
    start = 0
    for size in sizes:
        end = start + size
        k, v = cache.append(
            mb.Tensor(keys.data[:, :, start:end]), mb.Tensor(values.data[:, :, start:end])
        )
        assert (k.numpy() == keys.numpy()[:, :, :end]).all()
        assert (v.numpy() == values.numpy()[:, :, :end]).all()
        start = end
    assert cache.length == total <= cache.capacity


def test_append_returns_views_and_doubles_the_room():
    cache = KeyValueCache(1, 2, 3, capacity=4)
    k, v = cache.append(random(1, 2, 3, 3), random(1, 2, 3, 3))
    assert np.shares_memory(k.data, cache.keys.data) and np.shares_memory(v.data, cache.values.data)
    cache.append(random(1, 2, 2, 3), random(1, 2, 2, 3))
    assert cache.capacity == 8 and "length=5, capacity=8" in repr(cache)


def test_truncating_forgets_the_last_tokens():
    cache = KeyValueCache(1, 1, 1)
    cache.append(random(1, 1, 4, 1), random(1, 1, 4, 1))
    cache.truncate(2)
    k, _ = cache.append(mb.ones((1, 1, 1, 1)), mb.ones((1, 1, 1, 1)))
    assert k.numpy()[0, 0, :, 0].tolist() == [*random(1, 1, 4, 1).numpy()[0, 0, :2, 0], 1]


@given(
    steps=st.lists(st.integers(1, 4), min_size=1, max_size=5),
    batch=st.integers(1, 3),
    rotary=st.booleans(),
)
def test_attention_with_a_cache_is_attention_without(steps, batch, rotary):
    turned = RotaryPositions(4, 20) if rotary else None
    layer = MultiHeadAttention(8, 2, causal=True, rotary=turned)
    x = random(batch, sum(steps), 8)
    cache, start, parts = KeyValueCache(batch, 2, 4, capacity=2), 0, []
    with mb.no_grad():
        for step in steps:
            parts.append(layer(mb.Tensor(x.data[:, start : start + step]), cache=cache).numpy())
            start += step
    np.testing.assert_allclose(np.concatenate(parts, axis=1), layer(x).numpy(), atol=1e-5)


@pytest.mark.parametrize(
    ("k", "v", "sentence"),
    [
        (random(2, 2, 1, 3), random(2, 2, 1, 3), "keys must have shape .* with B = 1"),
        (random(1, 3, 1, 3), random(1, 3, 1, 3), "keys must have shape"),
        (random(1, 2, 1, 3), random(1, 2, 2, 3), "values must have shape .* T = 1"),
        (random(1, 2, 3), random(1, 2, 3), "keys must have shape"),
        (Parameter(random(1, 2, 1, 3)), random(1, 2, 1, 3), "holds constants"),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_is_appended(k, v, sentence):
    cache = KeyValueCache(1, 2, 3)
    with pytest.raises(mb.InputError, match=sentence):
        cache.append(k, v)
    assert cache.length == 0


def test_sizes_and_lengths_that_make_no_sense_are_refused():
    with pytest.raises(mb.InputError, match="batch_size must be a whole number"):
        KeyValueCache(0, 2, 3)
    with pytest.raises(mb.InputError, match="capacity must be a whole number"):
        KeyValueCache(1, 2, 3, capacity=0)
    for length in (-1, 1):
        with pytest.raises(mb.InputError, match="length must be a whole number from 0 to 0"):
            KeyValueCache(1, 2, 3).truncate(length)


@given(rows=st.lists(st.integers(0, 2), min_size=1, max_size=5), length=st.integers(0, 4))
def test_selected_texts_are_copies_of_their_rows(rows, length):
    cache = KeyValueCache(3, 1, 2, capacity=4)
    keys = cache.append(random(3, 1, 4, 2), random(3, 1, 4, 2))[0]
    cache.truncate(length)
    expected = keys.numpy()[rows, :, :length]
    cache.select(rows)
    assert (cache.batch_size, cache.length, cache.capacity) == (len(rows), length, 4)
    more = random(len(rows), 1, 2, 2)
    after, _ = cache.append(more, more)
    assert (after.numpy()[:, :, :length] == expected).all()
    assert (after.numpy()[:, :, length:] == more.numpy()).all()


def test_selecting_all_in_order_copies_nothing():
    cache = KeyValueCache(2, 1, 1)
    before = cache.keys
    cache.select([0, 1])
    assert cache.keys is before
    cache.select(mb.tensor([1, 0]))
    assert cache.keys is not before


def test_a_cache_on_another_device_is_truncated_and_selected_there(device):
    cache = Cache([KeyValueCache(2, 1, 2, device=device), KeyValueCache(2, 1, 2, device=device)])
    x = mb.tensor(np.arange(8.0, dtype="float32").reshape(2, 1, 2, 2), device=device)
    for layer in cache:
        layer.append(x, x)
    cache.select([1, 1, 0])
    cache.truncate(1)
    for layer in cache:
        k, _ = layer.append(x[:1][[0, 0, 0]], x[:1][[0, 0, 0]])
        assert str(k.device) == str(mb.device(device))
        assert k.tolist()[0][0] == [[4, 5], [0, 1], [2, 3]]
    assert (cache.length, cache.batch_size, len(cache)) == (3, 3, 2)


def test_a_cache_of_no_layer_is_refused():
    with pytest.raises(mb.InputError, match="at least one layer"):
        Cache([])

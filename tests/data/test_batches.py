"""Batches: a function of seed and step; every block once an epoch; nothing beyond the tokens."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minibig.backend.errors import InputError
from minibig.data import Batches, evaluation_batches, token_array, write_tokens


@st.composite
def settings_of_batches(draw):
    """Tokens that are their own positions, a batch size and a context that fits."""
    n_tokens = draw(st.integers(2, 120))
    context_length = draw(st.integers(1, min(20, n_tokens - 1)))
    tokens = token_array(range(n_tokens), n_tokens)
    return tokens, draw(st.integers(1, 9)), context_length, draw(st.integers(-(2**40), 2**70))


def made(settings):
    tokens, batch_size, context_length, seed = settings
    return Batches(tokens, batch_size=batch_size, context_length=context_length, seed=seed)


def ids_of(batch):
    """The blocks of T + 1 ids from which a batch was cut."""
    assert batch.mask is None and batch.n_targets == batch.n_tokens == batch.inputs.size
    np.testing.assert_array_equal(batch.targets[:, :-1], batch.inputs[:, 1:])
    return np.concatenate([batch.inputs, batch.targets[:, -1:]], axis=1)


def first_ids(batches, epoch):
    """Where the blocks of one epoch begin, in their order, found by asking for batches only."""
    first = epoch * batches.blocks_per_epoch
    last = first + batches.blocks_per_epoch
    size = batches.batch_size
    rows = np.concatenate(
        [ids_of(batches.batch(s)) for s in range(first // size, (last - 1) // size + 1)]
    )
    skipped = first - first // size * size
    return rows[skipped : skipped + batches.blocks_per_epoch, 0]


@given(settings=settings_of_batches(), step=st.integers(0, 10**9))
def test_a_batch_holds_blocks_of_consecutive_tokens(settings, step):
    tokens, batch_size, context_length, _ = settings
    batch = ids_of(made(settings).batch(step))
    assert batch.dtype == np.int64
    assert batch.shape == (batch_size, context_length + 1)
    assert np.all(np.diff(batch, axis=1) == 1)
    assert batch.min() >= 0
    assert batch.max() < tokens.n_tokens


@given(settings=settings_of_batches(), epoch=st.integers(0, 5))
def test_every_block_comes_exactly_once_in_an_epoch(settings, epoch):
    tokens, _, context_length, _ = settings
    batches = made(settings)
    starts = np.sort(first_ids(batches, epoch))
    assert 0 <= starts[0] < context_length
    assert np.all(np.diff(starts) == context_length)
    assert len(starts) == batches.blocks_per_epoch
    unseen = tokens.n_tokens - 1 - len(starts) * context_length
    assert unseen <= max(0, 2 * context_length - 2)


@given(settings=settings_of_batches(), steps=st.lists(st.integers(0, 60), min_size=1))
def test_a_batch_does_not_depend_on_what_was_asked_before(settings, steps):
    used = made(settings)
    for step in steps:
        np.testing.assert_array_equal(ids_of(used.batch(step)), ids_of(made(settings).batch(step)))


@given(settings=settings_of_batches(), resumed_at=st.integers(0, 30))
def test_a_resumed_run_sees_the_batches_of_the_unbroken_one(settings, resumed_at):
    unbroken, resumed = made(settings), made(settings)
    batches = [ids_of(unbroken.batch(step)) for step in range(resumed_at + 5)]
    for step in range(resumed_at, resumed_at + 5):
        np.testing.assert_array_equal(ids_of(resumed.batch(step)), batches[step])


@given(settings=settings_of_batches())
def test_a_batch_over_the_end_of_an_epoch_goes_on_with_the_next(settings):
    tokens, _, context_length, seed = settings
    batches = made(settings)
    single = Batches(tokens, batch_size=1, context_length=context_length, seed=seed)
    flat = np.concatenate([ids_of(batches.batch(step)) for step in range(6)])
    one_by_one = np.concatenate([ids_of(single.batch(i)) for i in range(len(flat))])
    np.testing.assert_array_equal(flat, one_by_one)


def test_seeds_and_epochs_have_orders_of_their_own():
    tokens = token_array(range(2000), 2000)
    orders = [
        tuple(first_ids(Batches(tokens, batch_size=7, context_length=20, seed=seed), epoch))
        for seed in (0, 1, 2**64, -1)
        for epoch in range(3)
    ]
    assert len(set(orders)) == len(orders)
    assert len({order[0] % 20 for order in orders}) > 4


def test_every_order_of_a_few_blocks_comes_equally_often():
    tokens = token_array(range(6), 6)
    batches = Batches(tokens, batch_size=1, context_length=1, seed=0)
    assert batches.blocks_per_epoch == 5
    counts = np.zeros((5, 5))
    for epoch in range(2000):
        counts[np.arange(5), first_ids(batches, epoch)] += 1
    chi_squared = ((counts - 400) ** 2 / 400).sum()
    assert chi_squared < 40  # 16 degrees of freedom: 99.9 % lie below 39.3


def test_every_offset_below_the_context_comes():
    tokens = token_array(range(100), 100)
    batches = Batches(tokens, batch_size=1, context_length=5, seed=3)
    offsets = {int(first_ids(batches, epoch)[0]) % 5 for epoch in range(60)}
    assert offsets == set(range(5))


def test_the_order_is_the_same_on_every_system_and_version():
    tokens = token_array(range(40), 40)
    batches = Batches(tokens, batch_size=9, context_length=4, seed=1)
    assert ids_of(batches.batch(0))[:, 0].tolist() == [29, 17, 9, 1, 5, 25, 13, 21, 33]


def test_a_mapped_file_gives_the_batches_of_the_same_tokens_in_memory(tmp_path):
    class Letters:
        vocab_size, end_of_text = 256, 0

        def encode(self, text):
            return list(text.encode())

    file = write_tokens(enumerate(["some text", "and some more text"]), Letters(), tmp_path / "t")
    memory = token_array(file.ids.tolist(), 256)
    for step in range(8):
        one, other = (
            ids_of(Batches(tokens, batch_size=3, context_length=4, seed=5).batch(step))
            for tokens in (file, memory)
        )
        assert type(one) is np.ndarray
        np.testing.assert_array_equal(one, other)


@given(settings=settings_of_batches())
def test_evaluation_takes_every_target_once_and_in_order(settings):
    tokens, batch_size, context_length, _ = settings
    sizes = {"batch_size": batch_size, "context_length": context_length}
    batches = [ids_of(batch) for batch in evaluation_batches(tokens, **sizes)]
    targets = np.concatenate([batch[:, 1:].ravel() for batch in batches])
    n_targets = (tokens.n_tokens - 1) // context_length * context_length
    assert targets.tolist() == list(range(1, n_targets + 1))
    assert all(len(batch) == batch_size for batch in batches[:-1])
    assert 1 <= len(batches[-1]) <= batch_size
    for batch in batches:
        assert batch.dtype == np.int64
        np.testing.assert_array_equal(batch[:, 1:], batch[:, :-1] + 1)


@given(settings=settings_of_batches(), max_batches=st.integers(1, 5))
def test_fewer_evaluation_batches_are_the_first_ones(settings, max_batches):
    tokens, batch_size, context_length, _ = settings
    sizes = {"batch_size": batch_size, "context_length": context_length}
    fewer = [ids_of(b) for b in evaluation_batches(tokens, **sizes, max_batches=max_batches)]
    every = [ids_of(b) for b in evaluation_batches(tokens, **sizes)]
    assert len(fewer) == min(max_batches, len(every))
    for one, other in zip(fewer, every, strict=False):
        np.testing.assert_array_equal(one, other)


TEN = token_array(range(10), 10)


@pytest.mark.parametrize(
    ("tokens", "changes", "message"),
    [
        (TEN, {"context_length": 10}, "at least 11 tokens; got 10. Give more text or"),
        (TEN, {"context_length": 0}, "context_length must be a whole number of at least 1; got 0"),
        (TEN, {"context_length": 2.0}, "context_length must be a whole number of at least 1; got"),
        (TEN, {"batch_size": 0}, "batch_size must be a whole number of at least 1; got 0"),
        (TEN, {"batch_size": True}, "batch_size must be a whole number of at least 1; got True"),
        (token_array([], 5), {}, "at least 5 tokens; got 0"),
        (list(range(10)), {}, r"token_array\(ids, vocab_size\); got \[0, 1"),
        (np.arange(10), {}, "got array"),
    ],
)
def test_sizes_that_give_no_batch_are_refused_at_once(tokens, changes, message):
    sizes = {"batch_size": 2, "context_length": 4, **changes}
    with pytest.raises(InputError, match=message):
        Batches(tokens, seed=0, **sizes)
    with pytest.raises(InputError, match=message):
        evaluation_batches(tokens, **sizes)


@pytest.mark.parametrize("seed", [None, 1.0, True, "0"])
def test_a_seed_is_a_whole_number(seed):
    with pytest.raises(InputError, match="seed must be a whole number"):
        Batches(TEN, batch_size=2, context_length=4, seed=seed)


@pytest.mark.parametrize("number", [-1, 1.5, True, None])
def test_batches_are_numbered_from_zero_on(number):
    batches = Batches(TEN, batch_size=2, context_length=4, seed=0)
    with pytest.raises(
        InputError, match=f"number must be a whole number of at least 0; got {number}"
    ):
        batches.batch(number)
    np.testing.assert_array_equal(ids_of(batches.batch(np.int32(3))), ids_of(batches.batch(3)))


@pytest.mark.parametrize("number", [0, 0.5])
def test_a_limit_of_evaluation_batches_is_at_least_one(number):
    with pytest.raises(InputError, match=f"max_batches must be .* at least 1; got {number}"):
        evaluation_batches(TEN, batch_size=2, context_length=4, max_batches=number)

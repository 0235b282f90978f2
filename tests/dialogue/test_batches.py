"""Batches of dialogues: a function of seed and step, each once an epoch, answers marked."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minibig.backend import InputError
from minibig.dialogue import (
    DialogueBatches,
    dialogue_evaluation_batches,
    dialogue_ids,
    dialogue_tokens,
)

from .small_world import DIALOGUES, TOKENIZER, T

END = dialogue_tokens(TOKENIZER)[2]
SIZES = st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(-(2**40), 2**70))


def made(sizes, dialogues=DIALOGUES, context_length=10 * T):
    batch_size, per_row, seed = sizes
    return DialogueBatches(
        TOKENIZER,
        dialogues,
        batch_size=batch_size,
        context_length=context_length,
        seed=seed,
        dialogues_per_row=per_row,
    )


def marked(batch):
    """The ids of a batch, (B, T + 1), and which of them are answers."""
    ids = np.concatenate([batch.inputs, batch.targets[:, -1:]], axis=1)
    np.testing.assert_array_equal(ids[:, 1:], batch.targets)
    return ids, np.concatenate([np.zeros((len(ids), 1), bool), batch.mask], axis=1)


def pieces(ids, answers):
    """The dialogues in a row without its padding: their ids and marks, cut before first turns."""
    known = {tuple(dialogue_ids(TOKENIZER, turns)[0]): i for i, turns in enumerate(DIALOGUES)}
    found, rest, marks = [], ids.tolist(), answers.tolist()
    while any(marks):
        [whole] = [each for each in known if tuple(rest[: len(each)]) == each]
        index = known[whole]
        assert marks[: len(whole)] == dialogue_ids(TOKENIZER, DIALOGUES[index])[1]
        found.append(index)
        rest, marks = rest[len(whole) :], marks[len(whole) :]
    assert set(rest) <= {END}
    return found


@given(sizes=SIZES, step=st.integers(0, 10**6))
def test_a_row_holds_whole_dialogues_and_padding(sizes, step):
    ids, answers = marked(made(sizes).batch(step))
    assert ids.dtype == np.int64 and answers.dtype == bool
    assert ids.shape == answers.shape
    rows = [pieces(*row) for row in zip(ids, answers, strict=True)]
    assert [len(row) for row in rows] == [sizes[1]] * sizes[0]
    assert answers.any(axis=0)[-1], "the longest row ends the batch"


@given(sizes=SIZES, epoch=st.integers(0, 5))
def test_every_dialogue_comes_at_most_once_in_an_epoch(sizes, epoch):
    batches = made((1, *sizes[1:]))
    first = epoch * batches.rows_per_epoch
    steps = range(first, first + batches.rows_per_epoch)
    rows = [map(np.squeeze, marked(batches.batch(step))) for step in steps]
    seen = [index for row in rows for index in pieces(*row)]
    assert len(set(seen)) == len(seen) == len(DIALOGUES) // sizes[1] * sizes[1]


@given(sizes=SIZES, steps=st.lists(st.integers(0, 60), min_size=1))
def test_a_batch_depends_on_seed_and_step_only(sizes, steps):
    used = made(sizes)
    for step in steps:
        for ours, fresh in zip(
            marked(used.batch(step)), marked(made(sizes).batch(step)), strict=True
        ):
            np.testing.assert_array_equal(ours, fresh)


def test_epochs_and_seeds_have_orders_of_their_own():
    orders = {
        tuple(int(made((6, 1, seed)).batch(epoch).inputs[row, 1]) for row in range(6))
        for seed in range(3)
        for epoch in range(3)
    }
    assert len(orders) > 6


@given(context_length=st.integers(20, 40))
def test_a_row_ends_with_the_context(context_length):
    whole = made((4, 2, 0))
    cut = made((4, 2, 0), context_length=context_length)
    for step in range(4):
        for long, short in zip(marked(whole.batch(step)), marked(cut.batch(step)), strict=True):
            assert short.shape[1] == min(long.shape[1], context_length + 1)
            np.testing.assert_array_equal(short, long[:, : context_length + 1])


def test_wrong_uses_are_told():
    with pytest.raises(InputError, match="dialogue 1 has no answer within the context of 8 tokens"):
        made((1, 1, 0), [[("a", "b")], [("zqx " * 9, "b")]], context_length=8)
    with pytest.raises(InputError, match=r"dialogues_per_row = 3 needs as many dialogues; got 2"):
        made((1, 3, 0), DIALOGUES[:2])
    with pytest.raises(InputError, match="batch_size must be a whole number of at least 1; got 0"):
        made((0, 1, 0))


def test_batches_have_whole_numbers_and_sizes():
    batches = DialogueBatches(TOKENIZER, DIALOGUES, batch_size=1, context_length=T, seed=0)
    for number in (-1, 1.5, None):
        with pytest.raises(InputError, match="number must be a whole number of at least 0"):
            batches.batch(number)
    with pytest.raises(InputError, match="batch_size must be a whole number of at least 1"):
        list(dialogue_evaluation_batches(TOKENIZER, DIALOGUES, batch_size=0, context_length=T))

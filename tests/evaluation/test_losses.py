"""Mean losses: every target weighs the same, nothing is recorded, nothing is measured twice."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from objectives.test_next_token import reference_loss
from training.tiny_runs import T, V, gpt, tokens

import minibig as mb
from minibig.data import Batch, evaluation_batches
from minibig.evaluation import bits_per_byte, mean_loss, perplexity
from minibig.objectives import answer_loss, next_token_loss


def measured(model, text, batch_size, max_batches=None):
    some = evaluation_batches(
        text, batch_size=batch_size, context_length=T, max_batches=max_batches
    )
    return mean_loss(model, next_token_loss, some)


@pytest.mark.parametrize("max_batches", [None, 1, 2])
def test_every_target_weighs_the_same(max_batches):
    model = gpt(dropout=0.5)
    text = tokens(5 * T + 3)  # 5 blocks: the second batch of 3 is smaller
    n_blocks = 3 if max_batches == 1 else 5
    rows = np.array([text.ids[i * T : i * T + T + 1] for i in range(n_blocks)])
    found = measured(model, text, 3, max_batches)
    expected = np.mean(reference_loss(model.eval(), rows[:, :-1], rows[:, 1:]))
    assert found == pytest.approx(expected, rel=1e-5)


@given(lengths=st.lists(st.integers(0, T), min_size=1, max_size=5), seed=st.integers(0, 99))
def test_batches_with_few_targets_weigh_little(lengths, seed):
    """Each mask in a batch of its own, or all of them in one."""
    model = gpt(dropout=0.0)
    ids = np.random.default_rng(seed).integers(0, V, (len(lengths), T + 1))
    mask = np.arange(T) < np.array(lengths)[:, None]
    if not mask.any():
        return
    whole = Batch(ids[:, :-1], ids[:, 1:], mask)
    rows = [
        Batch(ids[i : i + 1, :-1], ids[i : i + 1, 1:], mask[i : i + 1]) for i in range(len(ids))
    ]
    found = mean_loss(model, answer_loss, rows)
    assert found == pytest.approx(mean_loss(model, answer_loss, [whole]), rel=1e-5)
    with mb.nn.evaluating(model):
        assert found == pytest.approx(answer_loss(model, whole).item(), rel=1e-5)


def test_a_model_that_knows_nothing_has_a_loss_of_ln_V():
    assert measured(gpt(), tokens(500), 8) == pytest.approx(math.log(V), rel=0.01)


def test_it_draws_no_dropout_and_leaves_the_mode():
    model = gpt(dropout=0.5)
    assert len({measured(model, tokens(), 2) for _ in range(2)}) == 1
    assert model.training


@pytest.mark.parametrize("batches", [[], [Batch(*np.zeros((3, 1, 2), int))]])
def test_nothing_to_measure_is_told(batches):
    with pytest.raises(mb.InputError, match="needs at least one batch with a target; got none"):
        mean_loss(gpt(), answer_loss, batches)


@given(loss=st.floats(0, 20), per_token=st.integers(1, 9))
def test_bits_per_byte_do_not_depend_on_how_a_text_is_cut(loss, per_token):
    """A token of k bytes with k times the loss tells as much about the text."""
    found = bits_per_byte(loss * per_token, n_tokens=720, n_bytes=720 * per_token)
    assert found == pytest.approx(math.log2(perplexity(loss)), abs=1e-9)


def test_wrong_uses_are_told():
    with pytest.raises(mb.InputError, match="context_length = 8 needs at least 9 tokens; got 5"):
        measured(gpt(), tokens(5), 1)
    with pytest.raises(mb.InputError, match="n_bytes must be a whole number of at least 1; got 0"):
        bits_per_byte(1.0, n_tokens=3, n_bytes=0)
    with pytest.raises(mb.InputError, match="loss must be a number; got nan"):
        perplexity(math.nan)


def test_a_loss_beyond_all_numbers_is_an_infinite_perplexity():
    assert perplexity(1000.0) == math.inf and perplexity(-1000.0) == 0


@pytest.mark.parametrize(
    ("loss", "batches", "words"),
    [
        (None, [], "loss must be a function"),
        (next_token_loss, [1, 2], "a batch must be one that says its n_targets"),
        (next_token_loss, [np.ones((1, 2))], "a batch must be one that says its n_targets"),
    ],
)
def test_what_cannot_be_measured_is_told(loss, batches, words):
    with pytest.raises(mb.InputError, match=words):
        mean_loss(gpt(), loss, batches)

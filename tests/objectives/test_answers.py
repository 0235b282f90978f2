"""The loss looks at answers and their ends only, and is that of an independent reference."""

import numpy as np
import pytest
from dialogue.small_world import DIALOGUES, TOKENIZER, T, gpt
from hypothesis import given
from hypothesis import strategies as st

import minibig as mb
from minibig.data import Batch
from minibig.dialogue import DialogueBatches, dialogue_evaluation_batches, dialogue_ids
from minibig.evaluation import mean_loss
from minibig.objectives import answer_loss


def surprises(model, turns):
    """−ln p of each id of each answer, one dialogue and one position at a time, in float64."""
    ids, answers = dialogue_ids(TOKENIZER, turns)
    found = []
    for t in range(1, len(ids)):
        if answers[t]:
            with mb.no_grad():
                logits = model([ids[:t]]).numpy()[0, -1].astype("float64")
            found.append(float(np.log(np.exp(logits).sum()) - logits[ids[t]]))
    return found


@pytest.fixture
def model():
    model = gpt().eval()
    for parameter in model.parameters():
        parameter.assign(parameter * 3)
    return model


def batches(per_row=1, batch_size=3):
    return DialogueBatches(
        TOKENIZER,
        DIALOGUES,
        batch_size=batch_size,
        context_length=T,
        seed=0,
        dialogues_per_row=per_row,
    )


def test_the_loss_is_the_mean_surprise_of_the_answers(model):
    batch = batches(batch_size=len(DIALOGUES)).batch(0)
    expected = [s for turns in DIALOGUES for s in surprises(model, turns)]
    assert batch.n_targets == len(expected)
    assert answer_loss(model, batch).item() == pytest.approx(np.mean(expected), rel=1e-5)


@pytest.mark.parametrize("batch_size", [1, 2, 5, 9])
def test_the_mean_loss_weighs_every_token_alike(model, batch_size):
    expected = [s for turns in DIALOGUES for s in surprises(model, turns)]
    some = dialogue_evaluation_batches(
        TOKENIZER, DIALOGUES, batch_size=batch_size, context_length=T
    )
    found = mean_loss(model, answer_loss, some)
    assert found == pytest.approx(np.mean(expected), rel=1e-5)


@given(seed=st.integers(0, 100), filler=st.integers(0, TOKENIZER.vocab_size - 1))
def test_what_is_not_asked_for_changes_nothing(seed, filler):
    """Padding, and what comes after the last answer, can be anything."""
    model = gpt().eval()
    batch = batches(per_row=2).batch(seed)
    after = batch.mask[:, ::-1].cumsum(axis=1)[:, ::-1] == 0
    inputs = batch.inputs.copy()
    inputs[:, 1:] = np.where(after[:, :-1], filler, inputs[:, 1:])
    changed = Batch(inputs, np.where(batch.mask, batch.targets, filler), batch.mask)
    assert answer_loss(model, changed).item() == answer_loss(model, batch).item()


def test_the_gradient_of_a_question_token_that_is_only_predicted_is_none(model):
    """Only logits at answered places get a gradient: checked by the logits themselves."""
    batch = batches().batch(0)
    logits = model(batch.inputs)
    leaf = mb.tensor(logits.numpy().copy(), requires_grad=True)
    answer_loss(_Fixed(leaf, model), batch).backward()
    moved = np.abs(leaf.grad.numpy()).sum(axis=-1) > 0
    np.testing.assert_array_equal(moved, batch.mask)


class _Fixed:
    """A model whose logits are given."""

    def __init__(self, logits, model):
        self.logits, self.device = logits, model.device

    def __call__(self, ids):
        return self.logits


def test_a_batch_without_answers_marked_is_refused(model):
    with pytest.raises(mb.InputError, match=r"needs a batch with a mask.* Use next_token_loss"):
        answer_loss(model, Batch.of_blocks(np.array([[1, 2, 3]])))


def test_it_is_the_same_on_every_device(model, device):
    batch = batches().batch(0)
    expected = answer_loss(model, batch).item()
    loss = answer_loss(model.to(device), batch)
    assert loss.device == mb.device(device)
    assert loss.item() == pytest.approx(expected, rel=1e-5)

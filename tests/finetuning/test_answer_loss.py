"""The loss looks at answers and their ends only, and is that of an independent reference."""

import numpy as np
import pytest
from dialogue.small_world import DIALOGUES, TOKENIZER, T, gpt
from hypothesis import given
from hypothesis import strategies as st

import minibig as mb
from minibig.dialogue import DialogueBatches, dialogue_ids
from minibig.finetuning import AnswerLoss, answer_loss, mean_answer_loss


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
    ids, answers = batches(batch_size=len(DIALOGUES)).batch(0)
    expected = [s for turns in DIALOGUES for s in surprises(model, turns)]
    assert answer_loss(model, ids, answers).item() == pytest.approx(np.mean(expected), rel=1e-5)


@pytest.mark.parametrize("batch_size", [1, 2, 5, 9])
def test_the_mean_loss_weighs_every_token_alike(model, batch_size):
    expected = [s for turns in DIALOGUES for s in surprises(model, turns)]
    found = mean_answer_loss(model, TOKENIZER, DIALOGUES, batch_size=batch_size, context_length=T)
    assert found == pytest.approx(np.mean(expected), rel=1e-5)


@given(seed=st.integers(0, 100), filler=st.integers(0, TOKENIZER.vocab_size - 1))
def test_what_is_not_asked_for_changes_nothing(seed, filler):
    """Padding, and what comes after the last answer, can be anything."""
    model = gpt().eval()
    ids, answers = batches(per_row=2).batch(seed)
    after = answers[:, ::-1].cumsum(axis=1)[:, ::-1] == 0
    changed = np.where(after, filler, ids)
    assert answer_loss(model, changed, answers).item() == answer_loss(model, ids, answers).item()


def test_the_gradient_of_a_question_token_that_is_only_predicted_is_none(model):
    """Only logits at answered places get a gradient: checked by the logits themselves."""
    ids, answers = batches().batch(0)
    logits = model(ids[:, :-1])
    leaf = mb.tensor(logits.numpy().copy(), requires_grad=True)
    answer_loss_of = answer_loss(_Fixed(leaf, model), ids, answers)
    answer_loss_of.backward()
    moved = np.abs(leaf.grad.numpy()).sum(axis=-1) > 0
    np.testing.assert_array_equal(moved, answers[:, 1:])


class _Fixed:
    """A model whose logits are given."""

    def __init__(self, logits, model):
        self.logits, self.parameters = logits, model.parameters

    def __call__(self, ids):
        return self.logits


@given(step=st.integers(0, 20), micro_step=st.integers(0, 2))
def test_every_micro_step_takes_the_next_batch(step, micro_step):
    model = gpt().eval()
    loss = AnswerLoss(model, batches(), 3)
    ids, answers = batches().batch(3 * step + micro_step)
    assert loss(step, micro_step).item() == answer_loss(model, ids, answers).item()
    assert loss.n_tokens == ids.shape[0] * (ids.shape[1] - 1)


def test_looking_draws_no_dropout_and_leaves_the_mode():
    model = gpt(dropout=0.5)
    losses = {
        mean_answer_loss(model, TOKENIZER, DIALOGUES, batch_size=2, context_length=T)
        for _ in range(2)
    }
    assert len(losses) == 1
    assert model.training


def test_it_is_the_same_on_every_device(model, device):
    ids, answers = batches().batch(0)
    expected = answer_loss(model, ids, answers).item()
    loss = answer_loss(model.to(device), ids, answers)
    assert loss.device == mb.device(device)
    assert loss.item() == pytest.approx(expected, rel=1e-5)

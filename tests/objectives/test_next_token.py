"""The loss of a language model is the mean surprise of each next token."""

import numpy as np
import pytest
from training.tiny_runs import T, V, gpt, tokens

import minibig as mb
from minibig.data import Batch, Batches
from minibig.objectives import answer_loss, next_token_loss


def reference_loss(model, inputs, targets):
    """−ln p of each next token, one row and one position at a time."""
    losses = []
    for row, following in zip(inputs, targets, strict=True):
        logits = model([row.tolist()]).numpy()[0].astype("float64")
        for t, target in enumerate(following):
            losses.append(np.log(np.exp(logits[t]).sum()) - logits[t][target])
    return losses


def test_the_loss_is_that_of_each_next_token():
    model = gpt(dropout=0.0)
    batch = Batches(tokens(), batch_size=3, context_length=T, seed=0).batch(4)
    expected = np.mean(reference_loss(model, batch.inputs, batch.targets))
    assert next_token_loss(model, batch).item() == pytest.approx(expected, rel=1e-5)


def test_it_is_the_same_on_every_device(device):
    batch = Batches(tokens(), batch_size=3, context_length=T, seed=0).batch(4)
    expected = next_token_loss(gpt(dropout=0.0), batch).item()
    loss = next_token_loss(gpt(dropout=0.0).to(device), batch)
    assert loss.device == mb.device(device)
    assert loss.item() == pytest.approx(expected, rel=1e-5)


def test_ids_outside_the_vocabulary_and_masks_are_refused():
    with pytest.raises(mb.InputError, match="ids"):
        next_token_loss(gpt(), Batch.of_blocks(np.full((1, 4), V)))
    masked = Batch(np.array([[1]]), np.array([[2]]), np.array([[True]]))
    with pytest.raises(mb.InputError, match=r"got a batch with a mask\. Use answer_loss"):
        next_token_loss(gpt(), masked)


@pytest.mark.parametrize("batch", [[[1, 2]], (np.ones((1, 2), int),) * 2, np.ones((1, 2), int)])
def test_a_batch_is_one_of_data(batch):
    for loss in (next_token_loss, answer_loss):
        with pytest.raises(mb.InputError, match="batch must be of type Batch"):
            loss(gpt(), batch)

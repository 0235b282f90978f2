"""Language models in the loop: the loss is that of the text, and looking at it changes nothing."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minibig as mb
from minibig.data import Batches, token_array
from minibig.tokenizers import Characters
from minibig.training import (
    evaluating,
    language_model_loss,
    next_token_loss,
    text_sampler,
    validation_loss,
)

from .tiny_runs import T, V, gpt, tokens


def reference_loss(model, ids):
    """−ln p of each next token, one row and one position at a time."""
    losses = []
    for row in ids:
        logits = model([row[:-1].tolist()]).numpy()[0].astype("float64")
        for t, target in enumerate(row[1:]):
            losses.append(np.log(np.exp(logits[t]).sum()) - logits[t][target])
    return losses


def test_the_loss_is_that_of_each_next_token():
    model = gpt(dropout=0.0)
    ids = Batches(tokens(), batch_size=3, context_length=T, seed=0).batch(4)
    assert next_token_loss(model, ids).item() == pytest.approx(
        np.mean(reference_loss(model, ids)), rel=1e-5
    )


@given(step=st.integers(0, 50), micro_step=st.integers(0, 2))
def test_every_micro_step_takes_the_next_batch(step, micro_step):
    model = gpt(dropout=0.0)
    batches = Batches(tokens(), batch_size=2, context_length=T, seed=0)
    loss = language_model_loss(model, batches, 3)
    expected = next_token_loss(model, batches.batch(3 * step + micro_step)).item()
    assert loss(step, micro_step).item() == expected
    assert loss.n_tokens == 2 * T


@pytest.mark.parametrize("max_batches", [None, 1, 2])
def test_every_validation_token_weighs_the_same(max_batches):
    model = gpt(dropout=0.5)
    text = tokens(5 * T + 3)  # 5 blocks: the second batch of 3 is smaller
    found = validation_loss(model, text, batch_size=3, context_length=T, max_batches=max_batches)
    n_blocks = 3 if max_batches == 1 else 5
    rows = np.array([text.ids[i * T : i * T + T + 1] for i in range(n_blocks)])
    assert found == pytest.approx(np.mean(reference_loss(model.eval(), rows)), rel=1e-5)


def test_a_model_that_knows_nothing_has_a_loss_of_ln_V():
    found = validation_loss(gpt(), tokens(500), batch_size=8, context_length=T)
    assert found == pytest.approx(math.log(V), rel=0.01)


def test_looking_leaves_every_module_in_its_mode_and_records_nothing():
    model = gpt()
    model.blocks[0].eval()
    before = [module.training for _, module in model.named_modules()]
    with pytest.raises(KeyError), evaluating(model):
        assert not any(module.training for _, module in model.named_modules())
        assert not model([[1, 2]]).requires_grad
        raise KeyError
    assert [module.training for _, module in model.named_modules()] == before
    assert model([[1, 2]]).requires_grad


def test_a_sample_goes_on_with_its_prompt_and_repeats_itself():
    text = "abcdefgh ijklmno"
    tokenizer = Characters.train([text])
    model = gpt(dropout=0.5)
    sample = text_sampler(model, tokenizer, "bad", 12, seed=3)
    first = sample()
    assert first.startswith("bad") and len(first) == 15
    assert sample() == first
    model.token_embedding.weight.assign(-model.token_embedding.weight * 50)
    assert sample() != first


def test_wrong_uses_are_told():
    model = gpt()
    with pytest.raises(mb.InputError, match="context_length = 8 needs at least 9 tokens; got 5"):
        validation_loss(model, tokens(5), batch_size=1, context_length=T)
    with pytest.raises(mb.InputError, match="ids"):
        next_token_loss(model, np.full((1, 4), V))
    with pytest.raises(mb.InputError, match="at least one token"):
        text_sampler(model, Characters.train(["ab"]), "", 5)()
    with pytest.raises(TypeError, match="tokens must be a TokenFile or token_array"):
        validation_loss(model, [1, 2, 3], batch_size=1, context_length=2)
    assert token_array([1], V).n_tokens == 1

"""Samples of a language model in the loop."""

import pytest

import minibig as mb
from minibig.tokenizers import Characters
from minibig.training import text_sampler

from .tiny_runs import gpt


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


def test_an_empty_prompt_is_told():
    with pytest.raises(mb.InputError, match="at least one token"):
        text_sampler(gpt(), Characters.train(["ab"]), "", 5)()

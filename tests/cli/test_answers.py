import math

import numpy as np
import pytest

import minibig as mb
from minibig.cli.answers import Answer, token_choices
from minibig.cli.dialogue_forms import dialogue_form
from minibig.generation import generate
from minibig.tokenizers import load_tokenizer

from .talker import CONTEXT, TURNS


@pytest.fixture(scope="module")
def model(talker):
    return mb.load(talker)


@pytest.fixture(scope="module")
def form(talker):
    return dialogue_form(load_tokenizer(talker))


def answer_to(model, form, question, **settings):
    settings = {"max_new_tokens": 50, "temperature": 0, "seed": 0, **settings}
    return Answer(model, form, form.prompt([], question), **settings)


@pytest.mark.parametrize(("question", "expected"), TURNS)
def test_what_was_taught_is_answered_piece_by_piece(model, form, question, expected):
    answer = answer_to(model, form, question)
    assert (answer.text, answer.ids, answer.ended) == ("", [], "")
    pieces = list(answer)
    assert "".join(pieces) == answer.text == expected
    assert answer.ended == "by itself"
    assert len(pieces) >= len(answer.ids) > 3
    assert all("\ufffd" not in piece for piece in pieces)


def test_the_tokens_are_those_of_generate(model, form):
    answer = answer_to(model, form, "Who are you?", temperature=3.0, seed=5, max_new_tokens=12)
    list(answer)
    written = generate(model, answer.prompt, max_new_tokens=12, temperature=3.0, seed=5)[0]
    assert answer.ids == written[len(answer.prompt) :].tolist()[: len(answer.ids)]
    ended = answer.ids[-1] in form.stop_tokens
    assert answer.ended == ("by itself" if ended else "long enough")
    assert ended or len(answer.ids) == 12


def test_an_answer_can_be_stopped_between_two_tokens(model, form):
    counts = iter([False, False, True])
    answer = answer_to(model, form, "Where is Anna?", stopped=lambda: next(counts))
    text = "".join(answer)
    assert len(answer.ids) == 2 and answer.ended == "stopped"
    assert text and TURNS[3][1].startswith(text)


def test_an_answer_ends_after_max_new_tokens_or_with_the_context(model, form):
    short = answer_to(model, form, "Where is Anna?", max_new_tokens=3)
    list(short)
    assert (len(short.ids), short.ended) == (3, "long enough")
    prompt = form.prompt([], "Where is Anna?")
    padding = form.tokenizer.encode("a ") * CONTEXT
    full = Answer(model, form, (padding + prompt)[-(CONTEXT - 2) :], max_new_tokens=9, seed=0)
    list(full)
    assert len(full.ids) <= 2
    assert full.ended == ("by itself" if full.ids[-1] in form.stop_tokens else "context full")


def test_white_space_at_the_beginning_is_not_shown(babbler):
    model, form = mb.load(babbler), dialogue_form(load_tokenizer(babbler))
    for seed in range(40):
        answer = Answer(model, form, form.prompt([], "x"), max_new_tokens=4, seed=seed)
        assert "".join(answer) == answer.text == form.tokenizer.decode(answer.ids).lstrip()


def test_probabilities_are_those_of_the_model_token_by_token(model, form):
    answer = answer_to(model, form, "Who are you?", temperature=2.0, seed=3)
    list(answer)
    choices = token_choices(model, answer, n_others=2)
    assert [choice.token for choice in choices] == answer.ids
    for t, choice in enumerate(choices):
        logits = model([answer.prompt + answer.ids[:t]]).numpy()[0, -1].astype(float)
        p = np.exp(logits - logits.max())
        p /= p.sum()
        assert math.isclose(choice.probability, p[choice.token], rel_tol=1e-3)
        others = [i for i in np.argsort(-p) if i != choice.token][:2]
        assert [i for i, _ in choice.others] == others
        assert np.allclose([q for _, q in choice.others], p[others], rtol=1e-3)


def test_an_answer_without_tokens_has_no_choices(model, form):
    answer = answer_to(model, form, "Who are you?", stopped=lambda: True)
    assert "".join(answer) == "" and answer.ended == "stopped"
    assert token_choices(model, answer) == []

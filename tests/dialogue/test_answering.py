"""A tiny model learns five dialogues through the one loop; then it answers, also when resumed."""

import math

import numpy as np
import pytest

import minibig as mb
from minibig.dialogue import (
    Answer,
    DialogueBatches,
    answering,
    answers_in_turn,
    answers_to,
    dialogue_form,
    prompt_ids,
    token_choices,
)
from minibig.evaluation import exact_match, shuffled_weights
from minibig.generation import Sampling, generate
from minibig.objectives import answer_loss
from minibig.tokenizers import load_tokenizer
from minibig.training import Trainer, TrainingSettings

from . import talker as taught
from .small_world import DIALOGUES, TOKENIZER, T, gpt

TURNS = [turn for turns in DIALOGUES for turn in turns]
QUESTIONS, EXPECTED = [q for q, _ in TURNS], [a for _, a in TURNS]


def trainer(model, folder, steps=200):
    settings = TrainingSettings(
        steps=200, batch_size=4, lr=0.01, weight_decay=0.0, checkpoint_every=50
    )
    batches = DialogueBatches(
        TOKENIZER, DIALOGUES, batch_size=4, context_length=T, seed=1, dialogues_per_row=1
    )

    def stopping(number):
        if number == steps:
            raise KeyboardInterrupt
        return batches.batch(number)

    return Trainer(model, answer_loss, stopping, settings, folder)


@pytest.fixture(scope="module")
def learned(tmp_path_factory):
    mb.manual_seed(0)
    model = gpt()
    trainer(model, tmp_path_factory.mktemp("whole")).run()
    return model


def test_it_answers_what_it_has_learned_and_the_control_does_not(learned):
    def share():
        return exact_match(answers_to(learned, TOKENIZER, QUESTIONS, max_new_tokens=40), EXPECTED)

    assert share() == 1.0
    with shuffled_weights(learned):
        assert share() == 0.0
    assert share() == 1.0


def test_an_answer_is_what_the_model_writes_after_the_prompt(learned):
    [answer] = answers_to(learned, TOKENIZER, ["Where is Bob?"], max_new_tokens=20)
    prompt = prompt_ids(TOKENIZER, (), "Where is Bob?")
    written = mb.generate(learned, prompt, max_new_tokens=20, temperature=0)[0].tolist()
    text = TOKENIZER.decode(written[len(prompt) :])
    assert text.startswith(answer + "<|end|>")


def test_a_resumed_fine_tuning_arrives_at_the_same_bits(learned, tmp_path):
    mb.manual_seed(0)
    with pytest.raises(KeyboardInterrupt):
        trainer(gpt(), tmp_path, steps=77).run()
    model = gpt()
    trainer(model, tmp_path).run()
    for (name, ours), theirs in zip(model.named_parameters(), learned.parameters(), strict=True):
        assert (ours.numpy() == theirs.numpy()).all(), name


def test_a_conversation_keeps_its_questions_and_forgets_what_does_not_fit(learned, monkeypatch):
    seen = []

    def watched(model, prompts, **settings):
        seen.extend(prompts)
        return greedy(model, prompts, **settings)

    greedy = answering.greedy_answers
    monkeypatch.setattr(answering, "greedy_answers", watched)
    turns = answers_in_turn(learned, TOKENIZER, QUESTIONS * 2, max_new_tokens=12)
    assert [question for question, _ in turns] == QUESTIONS * 2
    assert turns[0] == (QUESTIONS[0], EXPECTED[0])
    assert all(len(prompt) <= T - 12 for prompt in seen)
    assert seen[1] == prompt_ids(TOKENIZER, turns[:1], QUESTIONS[1])
    for i, prompt in enumerate(seen):
        kept = [k for k in range(i + 1) if prompt == prompt_ids(TOKENIZER, turns[k:i], turns[i][0])]
        assert len(kept) == 1
        if kept[0]:  # one turn more would not have fitted
            longer = prompt_ids(TOKENIZER, turns[kept[0] - 1 : i], turns[i][0])
            assert len(longer) > T - 12
    with pytest.raises(mb.InputError, match="leave room for an answer in the context of 48"):
        answers_in_turn(learned, TOKENIZER, ["zqx " * 40], max_new_tokens=12)


@pytest.fixture(scope="module")
def model(talker):
    return mb.load(talker)


@pytest.fixture(scope="module")
def form(talker):
    return dialogue_form(load_tokenizer(talker))


def answer_to(model, form, question, **settings):
    settings = {"max_new_tokens": 50, "seed": 0, **settings}
    sampling = Sampling(temperature=settings.pop("temperature", 0.0))
    return Answer(model, form, form.prompt([], question), sampling=sampling, **settings)


@pytest.mark.parametrize(("question", "expected"), taught.TURNS)
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
    assert text and taught.TURNS[3][1].startswith(text)


def test_an_answer_ends_after_max_new_tokens_or_with_the_context(model, form):
    short = answer_to(model, form, "Where is Anna?", max_new_tokens=3)
    list(short)
    assert (len(short.ids), short.ended) == (3, "long enough")
    prompt = form.prompt([], "Where is Anna?")
    padding = form.tokenizer.encode("a ") * taught.CONTEXT
    full = Answer(
        model, form, (padding + prompt)[-(taught.CONTEXT - 2) :], max_new_tokens=9, seed=0
    )
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


def test_wrong_uses_of_answers_are_told():
    model = gpt()
    with pytest.raises(mb.InputError, match="more than the context of"):
        Answer(model, dialogue_form(TOKENIZER), [1] * 999, max_new_tokens=3)
    for questions in ("one question", None):
        with pytest.raises(mb.InputError, match="questions must be an iterable of questions"):
            answering.answers_to(model, TOKENIZER, questions, max_new_tokens=2)
        with pytest.raises(mb.InputError, match="questions must be an iterable of questions"):
            answering.answers_in_turn(model, TOKENIZER, questions, max_new_tokens=2)
    with pytest.raises(mb.InputError, match="answer must be of type Answer"):
        answering.token_choices(model, "an answer")

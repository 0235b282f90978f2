"""A tiny model learns five dialogues through the one loop; then it answers, also when resumed."""

from functools import partial

import pytest

import minibig as mb
from minibig.data import prompt_ids
from minibig.evaluation import exact_match, shuffled_weights
from minibig.finetuning import AnswerLoss, DialogueBatches, answers_to, conversation, fitting_prompt
from minibig.training import Trainer, TrainingSettings

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
    loss = AnswerLoss(model, batches)

    def stopping(step, micro_step):
        if step == steps:
            raise KeyboardInterrupt
        return loss(step, micro_step)

    return Trainer(model, stopping, settings, folder)


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
    from minibig.finetuning import answering

    def watched(model, prompts, **settings):
        seen.extend(prompts)
        return greedy(model, prompts, **settings)

    greedy = answering.greedy_answers
    monkeypatch.setattr(answering, "greedy_answers", watched)
    turns = conversation(learned, TOKENIZER, QUESTIONS * 2, max_new_tokens=12)
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
        conversation(learned, TOKENIZER, ["zqx " * 40], max_new_tokens=12)


@pytest.mark.parametrize("room", range(1, 30))
def test_as_many_of_the_last_turns_as_fit_are_told(room):
    told = partial(prompt_ids, TOKENIZER)
    every = [told(TURNS[n:], "Who?") for n in range(len(TURNS) + 1)]
    for context_length in range(len(every[-1]) + 1, len(every[0]) + 40, 3):
        sizes = {"context_length": context_length, "room": room}
        ids, forgotten = fitting_prompt(told, TURNS, "Who?", **sizes)
        fitting = [n for n, ids in enumerate(every) if len(ids) + room <= context_length]
        assert forgotten == min(fitting, default=len(TURNS)) and ids == every[forgotten]
    with pytest.raises(mb.InputError, match=f"in the context of {len(every[-1])} tokens"):
        fitting_prompt(told, TURNS, "Who?", context_length=len(every[-1]), room=room)

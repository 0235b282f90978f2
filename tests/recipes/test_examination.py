"""The shares of right answers, counted by hand; and who is asked what."""

import json

import pytest
from dialogue.small_world import TOKENIZER, gpt

from minibig.files import StorageError
from minibig.recipes import examination
from minibig.recipes.examination import (
    ARTICLE_GREETING,
    LANGUAGE_NAMES,
    Asked,
    Examination,
    examine,
    row,
)


class SmallWorld:
    """Two known questions and one held-out question in each language."""

    def questions(self, language, split):
        asked = {
            ("en", "trained"): [("Where is Ann?", "In Rome."), ("Who is in Rome?", "Ann.")],
            ("en", "held_out"): [("Where is Bob?", "In Rome.")],
            ("zh", "trained"): [("安在哪里？", "在罗马。"), ("谁在罗马？", "安。")],
            ("zh", "held_out"): [("鲍在哪里？", "在奥斯陆。")],
        }
        return asked[language, split]

    def majority_answer(self, language):
        return {"en": "In Rome.", "zh": "安。"}[language]

    def greetings(self, language):
        return {"en": [("Hello!", "Hello, how can I help?")], "zh": []}[language]


ANSWERS = {
    "Where is Ann?": "In Rome.",
    "Who is in Rome?": "Bob.",
    "Where is Bob?": "In Rome. ",
    "安在哪里？": "在罗马。",
    "谁在罗马？": "安。",
    "鲍在哪里？": "在罗马。",
}


@pytest.fixture
def model():
    return gpt(context_length=160)


@pytest.fixture
def calls(monkeypatch, model):
    """Answers as in a table while the weights are the learned ones, and always "安。" otherwise."""
    asked = []
    learned = model.token_embedding.weight.numpy().copy()

    def answers_to(model, tokenizer, questions, *, max_new_tokens):
        asked.append((questions, max_new_tokens))
        is_learned = (model.token_embedding.weight.numpy() == learned).all()
        return [ANSWERS[question] if is_learned else "安。" for question in questions]

    monkeypatch.setattr(examination, "answers_to", answers_to)
    return asked


def test_the_shares_are_those_counted_by_hand(model, calls, capsys):
    found = examine(model, TOKENIZER, SmallWorld())
    english = {"trained": 1 / 2, "held_out": 1.0, "control": 0.0, "majority": 2 / 3}
    chinese = {"trained": 1.0, "held_out": 0.0, "control": 1 / 3, "majority": 1 / 3}
    assert found.answers == {"en": english, "zh": chinese}
    shown = capsys.readouterr().out
    assert row("en", english) in shown and row("zh", chinese) in shown
    assert found.asked["en"]["held_out"] == (
        Asked(question="Where is Bob?", expected="In Rome.", answer="In Rome. ", control="安。"),
    )


def test_every_right_answer_could_be_written_to_its_end(model, calls):
    examine(model, TOKENIZER, SmallWorld())
    for questions, max_new_tokens in calls:
        language = "zh" if "安在哪里？" in questions else "en"
        for split in ("trained", "held_out"):
            for _, answer in SmallWorld().questions(language, split):
                assert len(TOKENIZER.encode(answer)) < max_new_tokens


def test_the_conversation_is_the_model_s_own(model):
    found = examine(model, TOKENIZER, SmallWorld()).conversation
    questions = [question for question, _ in found]
    assert questions[0] == "Hello!" and ARTICLE_GREETING in questions
    assert len(questions) == 2 + 2 * len(LANGUAGE_NAMES)
    for parameter in model.parameters():
        parameter.assign(-parameter * 3)
    assert examine(model, TOKENIZER, SmallWorld()).conversation != found


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("answers", "zh"), {"held_out": 0.5, "control": 0.0, "majority": 0.0}),
        (("answers", "en"), {}),
        (("answers", "fr"), {}),
        (("asked", "en"), {"trained": []}),
        (("asked", "zh", "trained"), []),
        (("asked",), None),
    ],
)
def test_a_file_that_lacks_what_the_report_shows_is_one_sentence(place, value, tmp_path, model):
    content = examine(model, TOKENIZER, SmallWorld()).to_json()
    path = tmp_path / "examination.json"
    path.write_text(json.dumps(content))
    assert Examination.read(path).asked.keys() == LANGUAGE_NAMES.keys()
    inside = content
    for name in place[:-1]:
        inside = inside[name]
    inside[place[-1]] = value
    path.write_text(json.dumps(content))
    with pytest.raises(StorageError, match=r"examination\.json is not usable: "):
        Examination.read(path)

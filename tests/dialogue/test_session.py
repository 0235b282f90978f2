"""A chat: its settings change one by one, and it goes on from the answer that is taken."""

import pytest

import minibig as mb
from minibig.backend import InputError
from minibig.dialogue import ChatSession, ChatSettings, Conversation, dialogue_form
from minibig.files import StorageError
from minibig.generation import Sampling
from minibig.tokenizers import load_tokenizer

from .talker import CONTEXT, TURNS


@pytest.fixture
def session(talker):
    settings = ChatSettings(sampling=Sampling(temperature=0), max_new_tokens=40)
    return ChatSession(mb.load(talker), dialogue_form(load_tokenizer(talker)), settings)


def asked(session, question):
    answers, forgotten = session.ask(question)
    texts = ["".join(answer) for answer in answers]
    session.keep(question, answers)
    return texts, forgotten


def test_what_was_taught_is_answered_and_kept(session):
    assert session.context_length == CONTEXT
    assert asked(session, TURNS[0][0]) == ([TURNS[0][1]], [])
    assert session.conversation.turns == [TURNS[0]]
    session.reset()
    assert session.conversation.turns == [] and session.last_answer is None


def test_settings_change_one_by_one_also_those_of_sampling(session):
    session.change("temperature", 2)
    session.change("top_k", 3)
    session.change("seed", 5)
    assert session.settings.sampling == Sampling(temperature=2.0, top_k=3)
    assert session.setting("temperature") == 2.0 and session.setting("seed") == 5
    before = session.settings
    for name, value in (("temperature", -1), ("answers", 17), ("max_new_tokens", 0), ("luck", 1)):
        with pytest.raises(InputError, match=name):
            session.change(name, value)
    assert session.settings == before


def test_the_temperature_of_a_chat_is_lower_than_that_of_sampling():
    assert ChatSettings().sampling == Sampling(temperature=0.5)
    assert ChatSettings.of({"top_p": 0.9}).sampling == Sampling(temperature=0.5, top_p=0.9)


def test_the_model_is_told_the_answer_that_was_taken(session):
    session.change("max_new_tokens", 4)
    session.change("temperature", 4)
    session.change("answers", 2)
    texts, _ = asked(session, TURNS[0][0])
    session.take(2)
    told = [(TURNS[0][0], texts[1].rstrip())]
    assert session.conversation.turns == told
    assert session.ask(TURNS[1][0])[0][0].prompt == session.form.prompt(told, TURNS[1][0])
    for wrong in (0, 3):
        with pytest.raises(
            InputError, match=f"answer must be a whole number from 1 to 2; got {wrong}"
        ):
            session.take(wrong)


def test_a_file_that_holds_no_conversation_changes_nothing(session, tmp_path):
    asked(session, TURNS[0][0])
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(StorageError, match="holds no conversation"):
        session.load(tmp_path / "other.json")
    assert session.conversation.turns == [TURNS[0]] and session.last_answer is not None
    Conversation([("a", "b")]).save(tmp_path / "talk.json")
    session.load(tmp_path / "talk.json")
    assert session.conversation.turns == [("a", "b")] and session.last_answer is None

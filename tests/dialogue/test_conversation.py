"""A conversation stays within the context, forgets the oldest first, and comes back from a file."""

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minibig.backend import InputError
from minibig.dialogue import Conversation, Transcript
from minibig.files import StorageError
from minibig.tokenizers import ByteLevelBPE

FORM = Transcript(ByteLevelBPE.train("a", vocab_size=257))
SAID = st.text("ab你\n", max_size=9)


def prompt(conversation, question, context_length, room):
    return conversation.prompt(FORM, question, context_length=context_length, max_new_tokens=room)


@given(st.lists(st.tuples(SAID, SAID), max_size=6), SAID, st.integers(50, 200), st.integers(1, 25))
def test_as_many_of_the_latest_turns_as_fit_are_told(turns, question, context, room):
    conversation = Conversation(turns)
    ids, forgotten = prompt(conversation, question, context, room)
    n = len(forgotten)
    assert forgotten == turns[:n] and conversation.n_forgotten == n
    assert ids == FORM.prompt(turns[n:], question)
    assert len(ids) + room <= context or n == len(turns)
    if n:
        assert len(FORM.prompt(turns[n - 1 :], question)) + room > context
    assert conversation.turns == turns


def test_what_is_forgotten_is_said_once_and_stays_forgotten():
    conversation = Conversation([("a" * 40, "b" * 40), ("c", "d")])
    _, forgotten = prompt(conversation, "e", 80, 10)
    assert forgotten == [("a" * 40, "b" * 40)]
    ids, forgotten = prompt(conversation, "e", 1000, 10)
    assert forgotten == []
    assert ids == FORM.prompt([("c", "d")], "e")
    assert conversation.n_forgotten == 1


def test_a_question_that_fills_the_context_is_refused_and_nothing_is_forgotten():
    conversation = Conversation([("a", "b")])
    marks = len(FORM.prompt([], ""))
    with pytest.raises(InputError, match=r"must leave room for an answer in the context of 60"):
        prompt(conversation, "x" * (60 - marks), 60, 10)
    assert conversation.n_forgotten == 0
    ids, _ = prompt(conversation, "x" * (59 - marks), 60, 10)
    assert len(ids) == 59


@given(st.lists(st.tuples(st.text(), st.text()), max_size=4))
def test_a_file_holds_all_of_it_and_can_be_read(turns):
    turns = [tuple(text.encode(errors="replace").decode() for text in turn) for turn in turns]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "talk.json")
        Conversation(turns).save(path)
        Conversation(turns).save(path)  # a conversation may be replaced
        found = Conversation.load(path)
        assert (found.turns, found.n_forgotten) == (turns, 0)
        text = path.read_text(encoding="utf-8")
    assert [tuple(turn.values()) for turn in json.loads(text)["turns"]] == turns


def test_a_file_is_for_people_too(tmp_path):
    Conversation([("你好", "é")]).save(tmp_path / "talk.json")
    assert '"user": "你好",\n' in (tmp_path / "talk.json").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        b"[]",
        b"{}",
        b'{"format": "minibig run", "turns": []}',
        b'{"format": "minibig conversation"}',
        b'{"format": "minibig conversation", "turns": {}}',
        b'{"format": "minibig conversation", "turns": [["a", "b"]]}',
        b'{"format": "minibig conversation", "turns": [{"user": "a"}]}',
        b'{"format": "minibig conversation", "turns": [{"user": "a", "assistant": 3}]}',
        b'{"format": "minibig conversation", "turns": [{"user": "\xff", "assistant": ""}]}',
        b'{"format": "minibig conversation", "turns": [{"user": "\\ud83d", "assistant": ""}]}',
    ],
)
def test_something_else_is_refused_and_never_overwritten(tmp_path, content):
    path = tmp_path / "other.json"
    path.write_bytes(content)
    conversation = Conversation([("a", "b")])
    with pytest.raises(StorageError, match=r"holds no conversation\. Give a file that /save wrote"):
        Conversation.load(path)
    with pytest.raises(InputError, match="is there already and holds something else"):
        conversation.save(path)
    assert path.read_bytes() == content


def test_a_file_that_is_not_there_or_cannot_be_made(tmp_path):
    with pytest.raises(StorageError, match="cannot be read: No such file"):
        Conversation.load(tmp_path / "none.json")
    with pytest.raises(StorageError, match="cannot be written: No such file"):
        Conversation().save(tmp_path / "none" / "talk.json")
    with pytest.raises(InputError, match="holds something else"):
        Conversation().save(tmp_path)


def test_an_answer_is_promised_at_most_half_of_the_context():
    conversation = Conversation([("a", "b" * 10)])
    ids, forgotten = prompt(conversation, "c", 100, 10_000)
    assert forgotten == [] and len(ids) <= 50
    _, forgotten = prompt(conversation, "c" * 30, 100, 10_000)
    assert forgotten == [("a", "b" * 10)]


def test_a_context_of_any_length_forgets_nothing():
    conversation = Conversation([("a" * 500, "b" * 500)] * 3)
    ids, forgotten = prompt(conversation, "c" * 1000, None, 10)
    assert forgotten == [] and ids == FORM.prompt(conversation.turns, "c" * 1000)


def test_what_could_not_be_read_again_is_not_written(tmp_path):
    with pytest.raises(InputError, match="question must be a text that can be written as UTF-8"):
        Conversation().add("\ud800", "b")
    with pytest.raises(InputError, match="the conversation is too long for a file"):
        Conversation([("a" * 11_000_000, "b")]).save(tmp_path / "talk.json")
    assert list(tmp_path.iterdir()) == []


def test_a_path_may_be_a_text(tmp_path):
    path = f"{tmp_path}/said.json"
    Conversation([("Hi", "Hello")]).save(path)
    assert Conversation.load(path).turns == [("Hi", "Hello")]
    for wrong in (None, 3):
        with pytest.raises(InputError, match="path must be the path of a file"):
            Conversation().save(wrong)
        with pytest.raises(InputError, match="path must be the path of a file"):
            Conversation.load(wrong)

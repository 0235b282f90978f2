import re

import pytest
from dialogue.talker import TURNS

import minibig as mb
from minibig.backend import InputError
from minibig.cli.chat.commands import COMMANDS, run_command
from minibig.dialogue import ChatSession, ChatSettings, dialogue_form
from minibig.generation import Sampling
from minibig.text_layout import columns_of
from minibig.tokenizers import load_tokenizer


@pytest.fixture
def session(talker):
    form = dialogue_form(load_tokenizer(talker))
    settings = ChatSettings(sampling=Sampling(temperature=0), max_new_tokens=40)
    return ChatSession(mb.load(talker), form, settings)


def settings_of(session):
    return [session.setting(name) for name in ("temperature", "seed", "answers")]


def answered(session, question):
    answers, forgotten = session.ask(question)
    texts = ["".join(answer) for answer in answers]
    session.keep(question, answers)
    return texts, forgotten


def test_help_lists_every_command(session):
    shown = run_command(session, "/help")
    for command in COMMANDS.values():
        assert f"\n{command.name} {command.argument}".rstrip() in f"\n{shown}"
    assert all(columns_of(line) < 80 for line in shown.split("\n"))


def test_reset_forgets_everything(session):
    answered(session, TURNS[0][0])
    run_command(session, "/reset")
    assert session.conversation.turns == [] and session.last_answer is None


def test_save_and_load(session, tmp_path):
    answered(session, TURNS[1][0])
    path = tmp_path / "a talk.json"
    assert run_command(session, f"/save {path}") == f"{path}: answered questions: 1"
    run_command(session, "/reset")
    assert run_command(session, f"/load {path}") == f"{path}: answered questions: 1"
    assert session.conversation.turns == [TURNS[1]]


def test_settings_are_shown_and_changed(session):
    for name, value in (("temperature", "1.5"), ("seed", "7"), ("answers", "3")):
        assert run_command(session, f"/{name} {value}") == f"{name} {value}"
        assert run_command(session, f"/{name}") == f"{name} {value}"
    assert settings_of(session) == [1.5, 7, 3]


def test_a_long_seed_is_shown_with_all_its_digits(session):
    assert run_command(session, "/seed 12345678901234567890") == "seed 12345678901234567890"
    assert run_command(session, "/temperature 1") == "temperature 1"


def test_answer_number_i_is_drawn_with_seed_plus_i(session):
    run_command(session, "/temperature 4")
    run_command(session, "/answers 3")
    together, _ = answered(session, "Who are you?")
    alone = []
    for seed in range(3):
        run_command(session, "/reset")
        run_command(session, "/answers 1")
        run_command(session, f"/seed {seed}")
        alone += answered(session, "Who are you?")[0]
    assert together == alone
    assert len(set(alone)) > 1


def test_tokens_are_shown_with_probabilities(session, monkeypatch):
    answered(session, TURNS[0][0])
    head, *rows, last = run_command(session, "/tokens").split("\n")
    assert head.split() == ["token", "p", "others,", "at", "temperature", "1"]
    assert len(rows) == len(session.last_answer.ids)
    assert all(re.search(r"\d+\.\d%  \S", row) for row in rows)
    assert rows[-1].startswith("<|end|>")
    assert re.fullmatch(rf"{len(rows)} tokens, 0\.\d+ nats each", last)
    monkeypatch.setattr("minibig.cli.chat.commands.output_width", lambda: 40)
    assert all(columns_of(row) <= 40 for row in run_command(session, "/tokens").split("\n"))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("/quit", "there is no command /quit; /help lists them"),
        ("/", "there is no command /;"),
        ("/Help", "there is no command /Help"),
        ("/help me", "/help stands alone; got me"),
        ("/save", "/save needs the name of a file"),
        ("/save a\0b", "holds no null characters"),
        ("/save ~nobody-is-called-so/x", "cannot be written: No such file"),
        ("/save " + "x" * 300, "cannot be written: File name too long"),
        ("/load ~nobody-is-called-so/x", "cannot be read"),
        ("/load", "/load needs the name of a file"),
        ("/load /none/x", "cannot be read"),
        ("/temperature hot", "temperature must be a number; got hot"),
        ("/temperature -1", "temperature must be a number of at least 0"),
        ("/temperature nan", "temperature must be a number of at least 0"),
        ("/seed -1", "seed must be a whole number of at least 0; got -1"),
        ("/seed 1.5", "seed must be a whole number of at least 0; got 1.5"),
        ("/answers 0", "answers must be a whole number from 1 to 16; got 0"),
        ("/answers 17", "answers must be a whole number from 1 to 16; got 17"),
        ("/tokens", "there is no answer yet"),
        ("/take", "there is no answer yet to go on from"),
        ("/take 1", "there is no answer yet to go on from"),
        ("/take second", "answer must be a number; got second"),
    ],
)
def test_a_wrong_command_is_one_sentence_and_changes_nothing(session, line, message):
    with pytest.raises(InputError, match=re.escape(message)):
        run_command(session, line)
    assert settings_of(session) == [0, 0, 1]


def test_another_answer_can_be_taken_and_changed_again(session):
    answered(session, TURNS[0][0])
    run_command(session, "/temperature 4")
    run_command(session, "/answers 3")
    texts, _ = answered(session, TURNS[1][0])
    assert len(set(texts)) == 3
    assert run_command(session, "/take") == "going on from answer 1 of 3"
    for number in (2, 3, 1, 2):
        shown = run_command(session, f"/take {number}")
        assert shown == f"going on from answer {number} of 3" == run_command(session, "/take")
        assert session.conversation.turns == [TURNS[0], (TURNS[1][0], texts[number - 1].rstrip())]
        assert session.last_answer is session.last_answers[number - 1]
    for wrong in (0, 4):
        with pytest.raises(
            InputError, match=f"answer must be a whole number from 1 to 3; got {wrong}"
        ):
            run_command(session, f"/take {wrong}")
    assert session.taken == 2
    run_command(session, "/reset")
    with pytest.raises(InputError, match="no answer yet to go on from"):
        run_command(session, "/take 1")


def test_the_model_is_told_the_answer_that_was_taken(session):
    session.change("max_new_tokens", 4)
    run_command(session, "/temperature 4")
    run_command(session, "/answers 2")
    texts, _ = answered(session, TURNS[0][0])
    run_command(session, "/take 2")
    answers, _ = session.ask(TURNS[1][0])
    told = [(TURNS[0][0], texts[1].rstrip())]
    assert answers[0].prompt == session.form.prompt(told, TURNS[1][0])


def test_an_answer_that_never_began_is_not_kept(session):
    answers, _ = session.ask("Who are you?", stopped=lambda: True)
    assert "".join(answers[0]) == ""
    session.keep("Who are you?", answers)
    assert session.conversation.turns == []


def test_a_long_talk_forgets_and_goes_on(session):
    forgotten = [turn for turn in TURNS * 3 for turn in answered(session, turn[0])[1]]
    assert forgotten == session.conversation.turns[: len(forgotten)]
    assert 0 < len(forgotten) < 12

"""A chat on a terminal, as a person has it."""

import importlib.util

import pytest
from dialogue.talker import TURNS

from minibig.text_layout import columns_of

from ..terminals import CTRL_C, CTRL_D, ENTER, UP, Terminal

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("pty") is None or importlib.util.find_spec("termios") is None,
    reason="no pseudo-terminals here",
)
HINT = "[Ctrl-C again, or Ctrl-D, ends"


def chat(folder, *arguments, columns=80):
    return Terminal("chat", folder, "--temperature", 0, *arguments, columns=columns)


def test_a_question_an_answer_and_the_end(talker):
    with chat(talker) as terminal:
        assert "parameters, context 64 tokens; /help" in terminal.wait_for("\n> ")
        for question, answer in TURNS[:3]:
            terminal.type(question + ENTER)
            assert f"\n{answer}\n" in terminal.wait_for("\n> ")
            terminal.type("/reset" + ENTER)
            terminal.wait_for("\n> ")
        terminal.type(CTRL_D)
        assert terminal.end() == 0
        assert b"Traceback" not in terminal.raw


def test_the_arrow_keys_bring_back_what_was_typed(talker):
    pytest.importorskip("readline")
    with chat(talker) as terminal:
        terminal.wait_for("> ")
        for question, _ in TURNS[:2]:
            terminal.type(question + ENTER)
            terminal.wait_for("\n> ")
        terminal.type("/reset" + ENTER)
        terminal.wait_for("\n> ")
        terminal.type(UP * 3 + ENTER)
        assert f"\n{TURNS[0][1]}\n" in terminal.wait_for("\n> ")


def test_ctrl_c_stops_the_answer_and_not_the_program(babbler, tmp_path):
    path = tmp_path / "talk.json"
    with chat(babbler, "--max-new-tokens", 4000, "--temperature", 2) as terminal:
        terminal.wait_for("\n> ")
        terminal.type("hello" + ENTER)
        terminal.wait_for("hello\n")
        terminal.wait_for("\n")  # a line of the answer is there
        terminal.type(CTRL_C)
        terminal.wait_for("[stopped]\n> ")
        terminal.type(f"/save {path}{ENTER}")
        terminal.wait_for("answered questions: 1\n> ")
        terminal.type("again" + ENTER)
        terminal.wait_for("again\n")
        terminal.wait_for("\n")
        terminal.type(CTRL_C)
        terminal.wait_for("[stopped]\n> ")
        assert terminal.process.poll() is None
    assert '"user": "hello"' in path.read_text(encoding="utf-8")


def test_ctrl_c_at_the_prompt_gives_a_hint_and_twice_ends(talker):
    with chat(talker) as terminal:
        terminal.wait_for("> ")
        terminal.type("half a line")
        terminal.wait_for("half a line")
        terminal.interrupt_at_prompt()
        terminal.wait_for(HINT)
        terminal.wait_for("> ")
        terminal.type(TURNS[0][0] + ENTER)  # the line before is gone, and so is the first Ctrl-C
        assert f"\n{TURNS[0][1]}\n" in terminal.wait_for("\n> ")
        terminal.interrupt_at_prompt()
        terminal.wait_for(HINT)
        terminal.wait_for("> ")
        terminal.interrupt_at_prompt()
        assert terminal.end() == 0


def test_no_line_but_an_answer_is_wider_than_80_columns(talker):
    with chat(talker) as terminal:
        terminal.wait_for("> ")
        for line in (*(question for question, _ in TURNS * 2), "/help", "/tokens", "/foo"):
            terminal.type(line + ENTER)
            shown = terminal.wait_for("\n> ")
            assert all(columns_of(row) < 80 for row in shown.split("\n")[1:])


def test_several_answers_stand_below_each_other(talker):
    with chat(talker, "--answers", 2) as terminal:
        terminal.wait_for("> ")
        terminal.type("你是谁？" + ENTER)
        shown = terminal.wait_for("\n> ")
        answer = TURNS[1][1]
        assert f"1 (seed 0):\n{answer}\n\n2 (seed 1):\n{answer}\n" in shown


def test_a_mistake_is_one_sentence_and_the_talk_goes_on(talker):
    with chat(talker) as terminal:
        terminal.wait_for("> ")
        terminal.type("/load /none" + ENTER)
        assert "minibig: /none cannot be read" in terminal.wait_for("\n> ")
        terminal.type(TURNS[0][0] + ENTER)
        assert TURNS[0][1] in terminal.wait_for("\n> ")


def test_bytes_that_are_no_utf_8_are_refused(talker):
    import os

    with chat(talker) as terminal:
        terminal.wait_for("> ")
        os.write(terminal._screen, b"caf\xe9 x" + ENTER.encode())
        shown = terminal.wait_for("\n> ")
        assert "Traceback" not in shown
        assert terminal.process.poll() is None

"""A chat through pipes: a line for a line, and all else on the standard error."""

import json
import os
import subprocess
import sys

import pytest
from dialogue.talker import TURNS

from minibig.cli import main

from ..commands import COMMAND, called, environment, minibig

QUESTIONS = [question for question, _ in TURNS]
ANSWERS = [answer.replace("\n", " ") for _, answer in TURNS]


def chat(folder, *lines, arguments=()):
    text = "".join(f"{line}\n" for line in lines)
    return called("chat", folder, "--temperature", 0, *arguments, input=text)


@pytest.mark.parametrize("i", range(4))
def test_every_line_gets_one_line(talker, i):
    done = chat(talker, QUESTIONS[i], "", QUESTIONS[i])
    assert done.returncode == 0, done.stderr
    first, empty, _ = done.stdout.split("\n", 2)
    assert (first, empty) == (ANSWERS[i], "")
    assert done.stdout.count("\n") == 3
    assert done.stderr == ""


def test_no_prompt_no_escape_code_and_notes_beside(talker):
    done = chat(talker, *QUESTIONS * 2, "/seed 3")
    assert done.stdout.count("\n") == 8
    assert "\x1b" not in done.stdout + done.stderr and ">" not in done.stdout
    assert '[forgotten, to stay within 64 tokens: "Who are you?"' in done.stderr
    assert done.stderr.endswith("seed 3\n")
    assert done.returncode == 0


def test_a_line_that_cannot_be_answered_is_empty_and_the_rest_goes_on(talker):
    text = "Who are you?\n\xff\n" + "long " * 200 + "\n/foo\n/reset\nWho are you?"
    arguments = ("chat", talker, "--temperature", 0)
    done = minibig(*arguments, input=text.encode("latin-1"))
    assert done.returncode == 1
    assert done.stdout.decode().splitlines() == [ANSWERS[0], "", "", ANSWERS[0]]
    complaints = done.stderr.decode().splitlines()
    assert complaints[0].startswith(
        "minibig: line 2 of the input must be UTF-8; byte 0xff at offset 0 is not."
    )
    assert complaints[1].startswith("minibig: the question must leave room for an answer")
    assert complaints[2].startswith("minibig: there is no command /foo")
    assert complaints[3:] == ["a new conversation"]
    replaced = called(*arguments, "--errors", "replace", input=b"\xff\n")
    assert replaced.returncode == 0


def test_a_byte_order_mark_and_line_ends_of_windows_go(talker):
    done = minibig(
        "chat", talker, "--temperature", 0, input=b"\xef\xbb\xbfWho are you?\r\n/reset\r\n"
    )
    assert done.stdout == (ANSWERS[0] + os.linesep).encode()


def test_several_answers_stand_in_one_line(talker):
    done = chat(talker, QUESTIONS[1], arguments=["--answers", 3])
    assert done.stdout == "\t".join([ANSWERS[1]] * 3) + "\n"
    assert done.stderr == "[going on from answer 1 of 3; /take N takes another]\n"


def test_it_goes_on_from_the_first_answer_and_says_so_or_from_the_one_that_is_taken(
    talker, tmp_path
):
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    lines = (QUESTIONS[0], f"/save {first}", "/take 2", f"/save {second}", "/take 3")
    done = chat(talker, *lines, arguments=["--answers", 2, "--temperature", 4])
    assert done.returncode == 1
    notes = [line for line in done.stderr.splitlines() if "answer" in line and ".json" not in line]
    assert notes == [
        "[going on from answer 1 of 2; /take N takes another]",
        "going on from answer 2 of 2",
        "minibig: answer must be a whole number from 1 to 2; got 3.",
    ]
    answers = done.stdout.rstrip("\n").split("\t")
    for path, answer in zip((first, second), answers, strict=True):
        [turn] = json.loads(path.read_text(encoding="utf-8"))["turns"]
        assert turn["assistant"].split() == answer.split()
    assert answers[0] != answers[1]


def test_a_conversation_is_saved_and_gone_on_with(talker, tmp_path):
    path = tmp_path / "talk.json"
    assert chat(talker, QUESTIONS[0], f"/save {path}").returncode == 0
    done = chat(talker, f"/save {path}", arguments=["--load", path])
    assert done.stderr == f"{path}: answered questions: 1\n"


def test_a_model_that_was_not_taught_goes_on_with_a_transcript(babbler):
    done = called("chat", babbler, "--max-new-tokens", 5, input="hello\n")
    assert done.returncode == 0
    assert "[this model was not taught to answer:" in done.stderr
    assert "[cut after 5 tokens, --max-new-tokens]" in done.stderr
    assert done.stdout.count("\n") == 1


def test_any_encoding_of_the_output_will_do(talker):
    arguments = ("chat", talker, "--temperature", 0)
    done = minibig(*arguments, input=f"{QUESTIONS[1]}\n", PYTHONIOENCODING="ascii")
    assert done.stdout == "?" * len(ANSWERS[1]) + "\n"


def test_nothing_is_asked(talker):
    done = chat(talker)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--answers", "0"], "answers must be a whole number from 1 to 16; got 0"),
        (["--temperature", "-1"], "temperature must be"),
        (["--top-k", "0"], "top_k must be"),
        (["--seed", "-1"], "seed must be"),
        (["--max-new-tokens", "0"], "max_new_tokens must be a whole number of at least 1"),
        (["--load", "/none/talk.json"], "cannot be read"),
        (["--device", "tpu"], "device must be"),
    ],
)
def test_settings_that_make_no_sense_are_one_line(talker, capsys, arguments, message):
    assert main(["chat", str(talker), *arguments]) == 1
    complaint = capsys.readouterr().err
    assert message in complaint and complaint.count("\n") == 1


def test_folders_without_a_model_or_with_a_tokenizer_that_cannot_talk(
    capsys, tmp_path, finished_run
):
    assert main(["chat", str(tmp_path / "none")]) == 1
    assert "is not a folder" in capsys.readouterr().err
    assert main(["chat", str(finished_run)]) == 1
    assert "this model cannot hold a conversation" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of POSIX")
def test_a_reader_that_leaves_early_is_no_error(babbler):
    with subprocess.Popen(
        [*COMMAND, "chat", str(babbler), "--max-new-tokens", "4000"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    ) as process:
        process.stdin.write(b"hello\n" * 3)
        process.stdin.close()
        assert os.read(process.stdout.fileno(), 1)
        process.stdout.close()
        assert b"Traceback" not in process.stderr.read()
        assert process.wait(timeout=60) == 141

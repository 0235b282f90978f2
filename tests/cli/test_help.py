import shlex

import pytest

from minibig.cli import main, program
from minibig.cli.program import _parser

COMMANDS = ["", *program._COMMANDS]
COMMANDS += [f"tokenize {action}" for action in ("train", "encode", "decode", "show")]


@pytest.mark.parametrize("command", COMMANDS)
def test_help_ends_with_an_example_that_can_be_parsed(command, capsys):
    with pytest.raises(SystemExit) as ended:
        main([*command.split(), "--help"])
    assert ended.value.code == 0
    shown = " ".join(capsys.readouterr().out.split())
    before, _, example = shown.rpartition("example: minibig ")
    assert before and example
    arguments = shlex.split(example.partition(" > ")[0])
    assert " ".join(arguments).startswith(command)
    assert callable(_parser().parse_args(arguments).run)


def test_train_says_what_its_megabytes_are(capsys):
    with pytest.raises(SystemExit):
        main(["train", "--help"])
    shown = " ".join(capsys.readouterr().out.split())
    assert "memory that this process holds at the moment (resident," in shown


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["trian"],
        ["train", "--nlayers", "3"],
        ["train", "--steps", "many"],
        ["train", "--step", "3"],
        ["train", "--resume", "--restart"],
        ["generate"],
        ["tokenize"],
        ["tokenize", "shuffle"],
        ["tokenize", "train", "--data", "stdlib"],
        ["generate", "x", "--errors", "ignore"],
        ["chat"],
        ["chat", "x", "--answers", "many"],
        ["plot"],
        ["info"],
        ["doctor", "me"],
    ],
)
def test_an_argument_that_does_not_exist_is_one_line_and_code_2(arguments, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    complaint = capsys.readouterr().err
    assert complaint.startswith("minibig: ")
    assert complaint.endswith("--help.\n")
    assert complaint.count("\n") == 1


def test_the_version_is_printed(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("minibig 0.")

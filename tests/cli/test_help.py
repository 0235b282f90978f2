import shlex
from importlib import import_module

import pytest

from minibig.cli import main
from minibig.cli.commands import tokenize
from minibig.cli.commands.train import Options
from minibig.cli.options import Action, parser_for
from minibig.cli.program import COMMANDS
from minibig.recipes import Pretraining
from minibig.settings import declaration_of, places, types_of

ALL = ["", *COMMANDS]
ALL += [f"tokenize {action}" for action in ("train", "encode", "decode", "show")]


def helped(capsys, *words):
    assert main([*words, "--help"]) == 0
    return capsys.readouterr().out


def parser_of(words):
    """The parser that reads what follows a command, and what follows."""
    command = import_module(f"minibig.cli.commands.{words[0]}")
    if words[0] == "tokenize":
        return parser_for("minibig", tokenize.ACTIONS[words[1]], ""), words[2:]
    action = Action("", command.EXAMPLE, command.Options, command.run)
    return parser_for("minibig", action, ""), words[1:]


@pytest.mark.parametrize("command", ALL)
def test_help_fits_80_columns_and_ends_with_an_example_that_can_be_parsed(command, capsys):
    shown = helped(capsys, *command.split())
    assert max(map(len, shown.splitlines())) <= 80
    before, _, example = shown.rpartition("example:\n  minibig ")
    assert before and example
    words = shlex.split(example.partition(" > ")[0])
    assert " ".join(words).startswith(command)
    parser, rest = parser_of(words)
    assert isinstance(parser.given(rest), dict)


@pytest.mark.parametrize("columns", [24, 30, 40, 60])
@pytest.mark.parametrize("command", ["", "tokenize"])
def test_the_overview_fits_a_narrow_terminal_but_for_its_example(
    columns, command, capsys, monkeypatch
):
    monkeypatch.setenv("COLUMNS", str(columns))
    before, _, _ = helped(capsys, *command.split()).partition("example:")
    usage, *lines = before.splitlines()
    assert usage.startswith("usage:") and max(map(len, lines)) < columns


def test_train_says_what_its_megabytes_are_and_where_the_text_of_its_preset_is(capsys):
    shown = " ".join(helped(capsys, "train").split())
    assert "memory that this process holds at the moment (resident," in shown
    assert "data/tinyshakespeare/input.txt in github.com/karpathy/char-rnn" in shown


@pytest.mark.parametrize("kind", [Options, Pretraining])
def test_every_setting_is_a_flag_with_what_it_means(kind):
    for name, path in places(kind).items():
        holder = kind
        for inner in path:
            holder = types_of(holder)[inner]
        assert declaration_of(holder, name).meaning, name


@pytest.mark.parametrize(
    ("words", "sentence", "command"),
    [
        ("train --n-layer 3", "there is no option --n-layer; did you mean --n-layers?", "train"),
        ("train --learning-rate 1", "no option --learning-rate; did you mean --lr?", "train"),
        ("train --block-size=8", "did you mean --context-length?", "train"),
        ("generate x --num_samples 2", "did you mean --n-sequences?", "generate"),
        ("chat x --temprature=1", "did you mean --temperature?", "chat"),
        ("tokenize encode x --fil a", "did you mean --file?", "tokenize encode"),
        ("tokenize decod", "there is no action decod; did you mean decode?", "tokenize"),
        ("generate a b", "'b' is one argument too many.", "generate"),
        (
            "quickstart --steps 5",
            'give it in a file: {"steps": ...} in --config FILE.',
            "quickstart",
        ),
        ("version", "did you mean --version?", ""),
        ("help", "did you mean --help?", ""),
        ("train small.txt", "a text is given as: --data small.txt.", "train"),
        ("tokenize train a.txt", "a text is given as: --data a.txt.", "tokenize train"),
        ("train --steps ten", "--steps must be a whole number; got 'ten'.", "train"),
        ("train --lr fast", "--lr must be a number; got 'fast'.", "train"),
        ("trian", "there is no command trian; did you mean train?", ""),
        ("train --steps", "one that begins with - is written --steps=VALUE.", "train"),
        (
            "generate x --prompt -x",
            "--prompt needs a value; got none. Give it after the name; "
            "one that begins with - is written --prompt=VALUE.",
            "generate",
        ),
        ("train --betas 0.9", "--betas needs 2 values after it; got fewer.", "train"),
        ("train --restart=3", "--restart takes no value; got '3'. Give --restart alone.", "train"),
        ("chat", "FOLDER (a run, or a model with its tokenizer).", "chat"),
        ("plot --out a.png", "not given, but needed: RUNS (the folder of a run).", "plot"),
        (
            "tokenize train",
            "--data (as for train: a text, rows.csv:column or stdlib), --out (where it is saved).",
            "tokenize train",
        ),
    ],
)
def test_the_nearest_name_is_asked_for_and_the_right_help_is_named(
    words, sentence, command, capsys
):
    assert main(words.split()) == 2
    of = f"minibig {command}".rstrip()
    assert capsys.readouterr().err.endswith(f"{sentence} See {of} --help.\n")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["trian"],
        ["train", "--nlayers", "3"],
        ["train", "--steps", "many"],
        ["train", "--step", "3"],
        ["generate"],
        ["tokenize"],
        ["tokenize", "shuffle"],
        ["tokenize", "train", "--data", "stdlib"],
        ["chat"],
        ["chat", "x", "--answers", "many"],
        ["plot"],
        ["info"],
        ["doctor", "me"],
    ],
)
def test_an_argument_that_does_not_exist_is_one_line_and_code_2(arguments, capsys):
    assert main(arguments) == 2
    complaint = capsys.readouterr().err
    assert complaint.startswith("minibig: ")
    assert complaint.endswith("--help.\n")
    assert complaint.count("\n") == 1


def test_the_version_is_printed(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("minibig 0.")


@pytest.mark.parametrize("setting", ["--optimizer", "--schedule", "--on-divergence", "--errors"])
def test_the_choices_of_a_setting_are_listed_once(setting, capsys):
    assert main(["train", "--help"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    of = shown[shown.index(f" {setting} NAME") + 1 :].split(" --")[1]
    for choice in ("adafactor", "inverse_square_root", "roll_back", "replace"):
        assert of.count(choice) <= 1, of

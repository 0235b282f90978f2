"""The program: its commands, and what becomes of errors.

What a user can cause ends in one line on the standard error: exit code 1 for values and files, 2
for an argument that does not exist, 130 for Ctrl-C, 143 for SIGTERM. Everything else is a defect of
minibig and keeps its traceback.

A command is a module of `commands/`, imported when it is given. It has a docstring, an EXAMPLE, a
class `Options` and `run(given)`, where `given` are the options that were given, by name. A command
that does several things has ACTIONS instead: the name of each, and an `Action`.
"""

import signal
import sys
import textwrap
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

import minibig
from minibig.backend import InputError
from minibig.cli.console import complain, leave_stdout, open_streams, say, sentence_of, table_width
from minibig.cli.options import Action, Parser, nearest, paragraphs_of, parser_for
from minibig.required import PACKAGES

COMMANDS = {
    "quickstart": "a GPT learns to answer questions, within minutes",
    "train": "train a model on a text",
    "generate": "let a model write",
    "chat": "talk with a model",
    "tokenize": "train and use tokenizers",
    "plot": "compare runs in a picture and a table",
    "info": "what a folder or a file holds",
    "doctor": "what is installed, whether it is right, and how fast",
}
_INTRODUCTION = "A deep-learning engine written to be read."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    >>> main(["generate", "no-such-folder"])
    1
    """
    open_streams()
    try:
        _obey_ctrl_c()
        code = _run(list(sys.argv[1:] if arguments is None else arguments))
        sys.stdout.flush()
        return code
    except SystemExit as end:  # of the parser, after the help or a mistake
        return int(end.code or 0)
    except BrokenPipeError:
        leave_stdout()
        return 141
    except KeyboardInterrupt:
        complain("interrupted.")
        return 130
    except ModuleNotFoundError as error:
        if error.name not in PACKAGES:
            raise
        complain(f"{error.name} is not installed. Get it with: pip install {error.name}")
        return 1
    except (InputError, OSError, MemoryError) as error:
        complain(sentence_of(error))
        return 1
    except Exception as error:
        signalled = getattr(error, "exit_code", None)  # of a run that a signal has stopped
        if not isinstance(signalled, int):
            raise
        complain(str(error))
        return signalled


def _obey_ctrl_c() -> None:
    """From here on Ctrl-C is an exception again; while Python imports, it ends the process."""
    if getattr(signal.getsignal(signal.SIGINT), "__module__", "") == "minibig.required":
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _run(words: list[str]) -> int:
    if words == ["--version"]:
        say(f"minibig {minibig.__version__}")
        return 0
    if not words or words[0].startswith("-"):
        return _overview("minibig", _INTRODUCTION, COMMANDS, "COMMAND", "minibig quickstart", words)
    name, *rest = words
    if name not in COMMANDS:
        return _unknown("minibig", "command", name, COMMANDS)
    command = import_module(f"minibig.cli.commands.{name}")
    prog, actions = f"minibig {name}", getattr(command, "ACTIONS", None)
    if actions is None:
        action = Action(COMMANDS[name], command.EXAMPLE, command.Options, command.run)
        return action.run(parser_for(prog, action, command.__doc__ or "").given(rest))
    if not rest or rest[0].startswith("-"):
        meanings = {key: action.meaning for key, action in actions.items()}
        return _overview(prog, command.__doc__ or "", meanings, "ACTION", command.EXAMPLE, rest)
    if rest[0] not in actions:
        return _unknown(prog, "action", rest[0], actions)
    action = actions[rest[0]]
    return action.run(parser_for(f"{prog} {rest[0]}", action, action.meaning).given(rest[1:]))


def _overview(
    prog: str, text: str, meanings: Mapping[str, str], kind: str, example: str, words: list[str]
) -> int:
    """What there is to choose from, if the help was asked for; otherwise a choice is missing."""
    if words not in (["--help"], ["-h"]):
        wrong = f"{words[0]} comes too early: " if words else ""
        Parser(prog=prog).error(f"{wrong}give one of {', '.join(meanings)}")
    width = table_width()
    column = 12 if width > 35 else 0
    rows = [
        textwrap.fill(f"  {name:<{column}} {text}", width, subsequent_indent=" " * (column + 3))
        for name, text in meanings.items()
    ]
    say(f"usage: {prog} {kind} [options]\n\n{paragraphs_of(text, width)}\n")
    more = paragraphs_of(f"{prog} {kind} --help says more.", width)
    say("\n".join([*rows, f"\n{more}\n\nexample:\n  {example}"]))
    return 0


def _unknown(prog: str, kind: str, name: str, known: Mapping[str, Any]) -> int:
    own = ("--help", "--version") if prog == "minibig" else ("--help",)
    listed = nearest(name, [*known, *own]) or f"; there are {', '.join(known)}"
    Parser(prog=prog).error(f"there is no {kind} {name}{listed}")

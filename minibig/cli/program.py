"""The program: its commands, and what becomes of errors.

What a user can cause ends in one line on the standard error: exit code 1 for values and files, 2
for an argument that does not exist, 130 for Ctrl-C, 143 for SIGTERM. Everything else is a defect of
minibig and keeps its traceback.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import NoReturn

import minibig
from minibig.backend import InputError
from minibig.cli import doctor, generate, info, plot, quickstart, tokenize, train
from minibig.cli.commands import chat
from minibig.cli.console import accept_any_text, complain, sentence_of
from minibig.cli.machine import REQUIRED
from minibig.training import Interrupted

_COMMANDS: dict[str, tuple[ModuleType, str]] = {
    "quickstart": (quickstart, "a GPT learns to answer questions, within minutes"),
    "train": (train, "train a model on a text"),
    "generate": (generate, "let a model write"),
    "chat": (chat, "talk with a model"),
    "tokenize": (tokenize, "train and use tokenizers"),
    "plot": (plot, "compare runs in a picture and a table"),
    "info": (info, "what a folder or a file holds"),
    "doctor": (doctor, "what is installed, whether it is right, and how fast"),
}


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        complain(f"{message}. See {self.prog} --help.")
        sys.exit(2)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code.

    >>> main(["generate", "no-such-folder"])
    1
    """
    accept_any_text()
    try:
        given = _parser().parse_args(arguments)
        code: int = given.run(given)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # Whoever read has gone; Python would complain when it flushes at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except Interrupted as stop:
        complain(f"{stop}")
        return stop.exit_code
    except KeyboardInterrupt:
        complain("interrupted.")
        return 130
    except ModuleNotFoundError as error:
        if error.name not in REQUIRED:
            raise
        complain(f"{error.name} is not installed. Get it with: pip install {error.name}")
        return 1
    except (InputError, OSError, MemoryError) as error:
        complain(sentence_of(error))
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="minibig",
        description="A deep-learning engine written to be read.",
        epilog=f"example: {quickstart.EXAMPLE}",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"minibig {minibig.__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, (module, meaning) in _COMMANDS.items():
        command = commands.add_parser(
            name,
            help=meaning,
            description=module.__doc__,
            epilog=f"example: {module.EXAMPLE}",
            formatter_class=argparse.RawDescriptionHelpFormatter,  # an example stays in one line
            allow_abbrev=False,
        )
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    return parser

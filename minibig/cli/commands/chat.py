"""`minibig chat`: a conversation with a model, on a terminal or through a pipe.

In a pipe every line is a question and gets one line, in which line breaks are spaces; --answers N
gives N answers on it, with tabs between them. The conversation goes on from the first of them, or
from the one that /take names. What is no answer goes to the standard error.
"""

import argparse
import sys
from pathlib import Path

from minibig.cli.chat import answer_lines, talk
from minibig.cli.console import add_errors_flag
from minibig.cli.generate import add_sampling_flags, model_and_tokenizer, sampling_of
from minibig.dialogue import ChatSession, ChatSettings, dialogue_form

EXAMPLE = "minibig chat runs/quickstart"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    parser.add_argument("folder", metavar="FOLDER", help="a run, or a model with its tokenizer")
    add_sampling_flags(parser, temperature=0.5)
    parser.add_argument(
        "--answers", type=int, default=1, metavar="N", help="answers to each question (1)"
    )
    parser.add_argument("--load", metavar="FILE", help="go on with a conversation that was saved")
    parser.add_argument("--device", metavar="NAME", help="cpu, cuda, cuda:1 ... or auto")
    add_errors_flag(parser)


def run(arguments: argparse.Namespace) -> int:
    """Talk; the code is 1 if a line of a pipe could not be answered."""
    model, tokenizer = model_and_tokenizer(Path(arguments.folder), arguments.device)
    chosen = {**sampling_of(arguments), "seed": arguments.seed, "answers": arguments.answers}
    settings = ChatSettings.of(chosen)
    session = ChatSession(model, dialogue_form(tokenizer), settings)
    if arguments.load:
        session.load(Path(arguments.load))
    on_terminal = all(stream and stream.isatty() for stream in (sys.stdin, sys.stdout))
    return (talk if on_terminal else answer_lines)(session, arguments.errors)

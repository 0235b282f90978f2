"""A conversation with a model, on a terminal or through a pipe.

In a pipe every line is a question and gets one line, in which line breaks are spaces; --answers N
gives N answers on it, with tabs between them. The conversation goes on from the first of them, or
from the one that /take names. What is no answer goes to the standard error.
"""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minibig import recipes
from minibig.cli.chat import answer_lines, talk
from minibig.cli.options import argument, errors_setting
from minibig.dialogue import ChatSession, ChatSettings, dialogue_form
from minibig.settings import setting

EXAMPLE = "minibig chat runs/quickstart"


@dataclass(frozen=True, kw_only=True)
class Options(ChatSettings):
    """What `minibig chat` takes."""

    folder: Path = argument("a run, or a model with its tokenizer")
    load: Path | None = setting(None, "go on with a conversation that was saved")
    device: str | None = setting(None, "cpu, cuda, cuda:1 ... or auto")
    errors: str = errors_setting()


def run(given: dict[str, Any]) -> int:
    """Talk; the code is 1 if a line of a pipe could not be answered."""
    options = Options.of(given)
    model, tokenizer = recipes.model_and_tokenizer(options.folder, options.device)
    session = ChatSession(model, dialogue_form(tokenizer), options)
    if options.load:
        session.load(options.load)
    on_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    return (talk if on_terminal else answer_lines)(session, options.errors)

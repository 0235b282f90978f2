"""What can be done in a chat beside asking: the commands, each of which gives a text to show."""

import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minibig.backend import InputError, checks
from minibig.cli.console import output_width
from minibig.dialogue import ChatSession, TokenChoice, token_choices
from minibig.text_layout import in_columns
from minibig.tokenizers import Tokenizer, visible

_TOKEN_WIDTH, _P_WIDTH = 16, 6  # columns of a token, which may be cut, and of its probability


@dataclass(frozen=True)
class Command:
    """A name, what comes after it, what it does in words, and what it does."""

    name: str
    argument: str
    meaning: str
    run: Callable[[ChatSession, str], str]


def run_command(session: ChatSession, line: str) -> str:
    """Do what a line that begins with "/" says; returns what there is to show.

    Raises:  InputError if there is no such command, or it cannot do what it is asked for.
    """
    name, _, argument = line.strip().partition(" ")
    if name not in COMMANDS:
        raise InputError(
            f"there is no command {name:.40}; /help lists them, Ctrl-D ends. To say something that "
            "begins with /, put a space before it."
        )
    command, argument = COMMANDS[name], argument.strip()
    if not command.argument and argument:
        raise InputError(f"{name} stands alone; got {argument:.40}.")
    return command.run(session, argument)


def going_on(session: ChatSession) -> str:
    """Which of several answers belongs to the conversation."""
    return f"going on from answer {session.taken} of {len(session.last_answers)}"


def _help(session: ChatSession, argument: str) -> str:
    rows = [
        (f"{command.name} {command.argument}", command.meaning) for command in COMMANDS.values()
    ]
    rows += [("Ctrl-C", "stop the answer"), ("Ctrl-D", "end")]
    return "\n".join(f"{usage:<15} {meaning}" for usage, meaning in rows)


def _reset(session: ChatSession, argument: str) -> str:
    session.reset()
    return "a new conversation"


def _save(session: ChatSession, argument: str) -> str:
    path = _path("/save", argument)
    session.conversation.save(path)
    return f"{path}: {_turns(session)}"


def _load(session: ChatSession, argument: str) -> str:
    path = _path("/load", argument)
    session.load(path)
    return f"{path}: {_turns(session)}"


def _take(session: ChatSession, argument: str) -> str:
    session.take(_number("answer", argument) if argument else session.taken)
    return going_on(session)


def _tokens(session: ChatSession, argument: str) -> str:
    if session.last_answer is None:
        raise InputError("there is no answer yet to show the tokens of. Ask something.")
    choices = token_choices(session.model, session.last_answer)
    surprise = -sum(math.log(max(choice.probability, 1e-300)) for choice in choices)
    mean = surprise / max(1, len(choices))
    rows = [
        _row("token", "p", "others, at temperature 1"),
        *(_token_row(session.form.tokenizer, choice) for choice in choices),
        f"{len(choices)} tokens, {mean:.3f} nats each",
    ]
    return "\n".join(rows)


def _token_row(tokenizer: Tokenizer, choice: TokenChoice) -> str:
    def named(token: int) -> str:
        return visible(tokenizer.decode_bytes([token]))

    others = " | ".join(f"{named(token)} {p:.1%}" for token, p in choice.others)
    return _row(named(choice.token), f"{choice.probability:.1%}", others)


def _row(*cells: str) -> str:
    return in_columns(cells, (_TOKEN_WIDTH, _P_WIDTH), output_width())


def _path(name: str, argument: str) -> Path:
    if not argument:
        raise InputError(f"{name} needs the name of a file: {name} talk.json")
    return checks.path("the name of a file", os.path.expanduser(argument))


def _turns(session: ChatSession) -> str:
    return f"answered questions: {len(session.conversation.turns)}"


def _number(name: str, text: str) -> Any:
    try:
        return int(text) if text.removeprefix("-").isdecimal() else float(text)
    except ValueError:
        raise InputError(f"{name} must be a number; got {text:.40}.") from None


def _setting(name: str, argument: str, meaning: str) -> Command:
    """A command that shows a setting of the session, or changes it."""

    def run(session: ChatSession, given: str) -> str:
        if given:
            session.change(name, _number(name, given))
        value = session.setting(name)
        return f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}"

    return Command(f"/{name}", argument, meaning, run)


_ALL = (
    Command("/help", "", "this list", _help),
    Command("/reset", "", "forget everything and begin anew", _reset),
    Command("/save", "FILE", "write the conversation to a file", _save),
    Command("/load", "FILE", "go on with the conversation in a file", _load),
    _setting("temperature", "X", "0: the likeliest token; more: more variety"),
    _setting("seed", "N", "another seed, another answer"),
    _setting("answers", "N", "give N answers to each question"),
    Command("/take", "N", "go on from answer N instead of the first", _take),
    Command("/tokens", "", "the tokens of the last answer and their probabilities", _tokens),
)
COMMANDS = {command.name: command for command in _ALL}

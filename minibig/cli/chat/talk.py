"""The talk: lines come in, answers and notes go out, and a mistake does not end it."""

from collections.abc import Callable, Sequence

from minibig.backend import InputError
from minibig.cli.chat.commands import going_on, run_command
from minibig.cli.chat.display import ChatDisplay, PipeDisplay, TerminalDisplay
from minibig.cli.chat.keys import TerminalInput, piped_lines
from minibig.cli.console import given_text, say, sentence_of
from minibig.data import Turn
from minibig.dialogue import Answer, ChatSession, Transcript
from minibig.text_layout import shortened


def talk(session: ChatSession, errors: str) -> int:
    """A conversation on a terminal."""
    typed, display = TerminalInput(), TerminalDisplay()
    n_parameters = session.model.n_parameters
    length = session.context_length or "of any number of"
    display.note(
        f"{type(session.model).__name__}, {n_parameters:,} parameters, context {length} tokens; "
        "/help lists the commands, Ctrl-D ends"
    )
    _warn_of_transcript(session, display)
    with typed.listening():
        for line in typed.lines():
            if line.strip():
                try:
                    question = line if line == "-" else given_text(line, errors=errors)
                    _respond(session, question, display, lambda: typed.stopped)
                except (InputError, OSError, MemoryError) as error:
                    display.complain(sentence_of(error))
    return 0


def answer_lines(session: ChatSession, errors: str) -> int:
    """A line for every question of the standard input, an empty one if it has no answer."""
    code, display = 0, PipeDisplay()
    _warn_of_transcript(session, display)
    for line in piped_lines(errors):
        try:
            if isinstance(line, InputError):
                raise line
            if line.strip():
                _respond(session, line, display, lambda: False)
            else:
                say()
        except InputError as error:
            if not str(line).startswith("/"):
                say()
            display.complain(sentence_of(error))
            code = 1
    return code


def _respond(
    session: ChatSession, line: str, display: ChatDisplay, stopped: Callable[[], bool]
) -> None:
    """Answer a question, or do what a command says.

    Raises:  InputError if that is not possible; the conversation is what it was.
    """
    if line.startswith("/"):
        display.show(run_command(session, line))
        return
    question = line.strip()
    answers, forgotten = session.ask(question, stopped)
    if forgotten:
        display.note(_forgotten(forgotten, session.context_length))
    display.answers(answers, session.settings.seed)
    session.keep(question, answers)
    if len(answers) > 1:
        display.note(f"{going_on(session)}; /take N takes another")
    for ending in dict.fromkeys(_ending(answer, session) for answer in answers):
        if ending:
            display.note(ending)


def _forgotten(turns: Sequence[Turn], context_length: int | None) -> str:
    """What the model will not be told any more."""
    questions = ", ".join(f'"{shortened(question, 30)}"' for question, _ in turns[:2])
    many = f" and {len(turns) - 2} more" if len(turns) > 2 else ""
    return f"forgotten, to stay within {context_length} tokens: {questions}{many}"


def _ending(answer: Answer, session: ChatSession) -> str:
    """How an answer ended, unless it did so by itself and said something."""
    if answer.ended == "by itself":
        return "" if answer.text else "no words"
    reasons = {
        "stopped": "stopped",
        "long enough": f"cut after {session.settings.max_new_tokens} tokens, --max-new-tokens",
        "context full": f"cut: the context of {session.context_length} tokens is full",
    }
    return reasons[answer.ended]


def _warn_of_transcript(session: ChatSession, display: ChatDisplay) -> None:
    if isinstance(session.form, Transcript):
        display.note(
            "this model was not taught to answer: it goes on with a transcript of a User and an "
            "Assistant"
        )

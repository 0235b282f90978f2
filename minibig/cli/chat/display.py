"""How a chat appears: answers word by word on a terminal, one line for a question in a pipe.

No cursor is moved and no color is set, so that every terminal, log and pipe shows the same.
"""

from collections.abc import Sequence
from typing import TypeAlias

from minibig.cli.console import complain, output_width, remark, say
from minibig.dialogue import Answer
from minibig.text_layout import wrapped

_ONE_LINE = {ord(character): " " for character in "\n\r\t\v\f\x1c\x1d\x1e\x85\u2028\u2029"}


class TerminalDisplay:
    """For people: several answers stand below each other, each with its number and its seed."""

    def answers(self, answers: Sequence[Answer], seed: int) -> None:
        for number, answer in enumerate(answers):
            if len(answers) > 1:
                say(f"{number + 1} (seed {seed + number}):")
            for piece in answer:
                say(piece, end="")
            say("\n")

    def show(self, text: str) -> None:
        say(text)

    def note(self, text: str) -> None:
        say(wrapped(f"[{text}]", output_width()))

    def complain(self, sentence: str) -> None:
        say(wrapped(f"minibig: {sentence}", output_width()))


class PipeDisplay:
    """For programs: line breaks of answers become spaces, and tabs part several answers."""

    def answers(self, answers: Sequence[Answer], seed: int) -> None:
        for number, answer in enumerate(answers):
            say("\t" if number else "", end="")
            for piece in answer:
                say(piece.translate(_ONE_LINE), end="")
        say()

    def show(self, text: str) -> None:
        remark(text)

    def note(self, text: str) -> None:
        remark(f"[{text}]")

    def complain(self, sentence: str) -> None:
        complain(sentence)


ChatDisplay: TypeAlias = TerminalDisplay | PipeDisplay

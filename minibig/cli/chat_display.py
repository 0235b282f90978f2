"""How a chat appears: on a terminal broken into its columns, in a pipe as one line an answer.

No cursor is moved and no color is set, so that every terminal, log and pipe shows the same.
"""

import sys
from collections.abc import Sequence

from minibig.cli.answers import Answer
from minibig.cli.columns import GAP, LineBreaker, fitted, padded, side_by_side
from minibig.cli.console import complain, output_width, say

_NARROWEST = 20  # columns of an answer that stands beside others
_ONE_LINE = {ord(character): " " for character in "\n\r\t\v\f\x1c\x1d\x1e\x85\u2028\u2029"}


class TerminalDisplay:
    """For people: words appear one by one; several answers stand side by side if there is room."""

    def answers(self, answers: Sequence[Answer], seed: int) -> None:
        """Let the answers be written, and show them as they grow."""
        if len(answers) == 1:
            self._alone(answers[0])
            return
        names = [f"{i + 1} (seed {seed + i})" for i in range(len(answers))]
        width = (output_width() + len(GAP)) // len(answers) - len(GAP)
        if width < _NARROWEST:
            for name, answer in zip(names, answers, strict=True):
                say(f"{name}:")
                self._alone(answer)
            return
        say(GAP.join(padded(name, width) for name in names).rstrip())
        say(GAP.join("-" * width for _ in names))
        for row in side_by_side(answers, width):
            say(row)
        say()

    def show(self, text: str) -> None:
        """What a command has to say."""
        say(text)

    def note(self, text: str) -> None:
        """Something beside the answers."""
        say(fitted(f"[{text}]", output_width()))

    def complain(self, sentence: str) -> None:
        """Why something was not done."""
        say(fitted(f"minibig: {sentence}", output_width()))

    def _alone(self, answer: Answer) -> None:
        breaker = LineBreaker(output_width())
        for piece in answer:
            say(breaker.feed(piece), end="")
        say(breaker.finish() + "\n")


class PipeDisplay:
    """For programs: one line for all answers to a question, and everything else beside it."""

    def answers(self, answers: Sequence[Answer], seed: int) -> None:
        """Let the answers be written; line breaks become spaces, and tabs part the answers."""
        for number, answer in enumerate(answers):
            say("\t" if number else "", end="")
            for piece in answer:
                say(piece.translate(_ONE_LINE), end="")
        say()

    def show(self, text: str) -> None:
        """What a command has to say."""
        print(text, file=sys.stderr, flush=True)

    def note(self, text: str) -> None:
        """Something beside the answers."""
        self.show(f"[{text}]")

    def complain(self, sentence: str) -> None:
        """Why a line has no answer."""
        complain(sentence)

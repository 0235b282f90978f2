"""A conversation: what was said, and how much of it still fits into the model's context.

A model sees no more than its context, so the oldest turns have to go when there is no room left.
They stay in the conversation, and in its file, but the model is no longer told of them.
"""

import json
import os
from collections.abc import Iterable

from minibig.backend import InputError
from minibig.backend.checks import one_of, text
from minibig.backend.checks import path as checked_path
from minibig.data import Turn
from minibig.dialogue.forms import DialogueForm, checked_turns
from minibig.files import StorageError, parse_json, read_json, write_text

FORMAT = "minibig conversation"


class Conversation:
    """Turns, each a question and its answer; the model is not told of the first `n_forgotten`."""

    def __init__(self, turns: Iterable[Turn] = ()) -> None:
        self.turns: list[Turn] = checked_turns(turns)
        self.n_forgotten = 0

    def add(self, question: str, answer: str) -> None:
        """Keep a turn.

        Raises:  InputError for what is no text.
        """
        self.turns.append(
            (text("question", question, empty=True), text("answer", answer, empty=True))
        )

    def prompt(
        self, form: DialogueForm, question: str, *, context_length: int | None, max_new_tokens: int
    ) -> tuple[list[int], list[Turn]]:
        """The ids that ask the question, and the turns that had to be forgotten for it.

        Whole turns go, the oldest first, until the context has room for an answer of
        `max_new_tokens`, or of half the context where that is less. A question alone may leave less
        room, but at least that for one token. What was forgotten once stays forgotten; a context
        of any length, None, forgets nothing.

        Raises:  InputError if the question alone fills the context; then nothing is forgotten.

        >>> from minibig.dialogue.forms import Transcript
        >>> from minibig.tokenizers import Characters
        >>> form = Transcript(Characters.train("User: Assistant:\\n Hi?"))
        >>> conversation = Conversation([("Hi", "Hi"), ("Hi?", "Hi")])
        >>> ids, forgotten = conversation.prompt(form, "Hi", context_length=50, max_new_tokens=5)
        >>> len(ids), forgotten
        (43, [('Hi', 'Hi')])
        """
        told = self.turns[self.n_forgotten :]
        if context_length is None:
            return form.prompt(told, question), []
        alone = len(form.prompt((), question))
        if alone >= context_length:
            raise InputError(
                f"the question must leave room for an answer in the context of {context_length} "
                f"tokens; with what marks it as a question it has {alone}. Ask a shorter one."
            )
        room = min(max_new_tokens, context_length // 2)
        forgotten = 0
        ids = form.prompt(told, question)
        while forgotten < len(told) and len(ids) + room > context_length:
            forgotten += 1
            ids = form.prompt(told[forgotten:], question)
        self.n_forgotten += forgotten
        return ids, told[:forgotten]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the conversation as JSON; only another conversation is replaced.

        Raises:  InputError if the file holds something else, StorageError if it cannot be written.
        """
        path = checked_path("path", path)
        if os.path.lexists(path):
            try:
                Conversation.load(path)
            except StorageError:
                raise InputError(
                    f"{path} is there already and holds something else. Choose another name."
                ) from None
        turns = [{"user": question, "assistant": answer} for question, answer in self.turns]
        content = json.dumps({"format": FORMAT, "turns": turns}, ensure_ascii=False, indent=2)
        try:
            parse_json(content.encode())
        except StorageError as error:
            raise InputError(f"the conversation is too long for a file: {error}.") from None
        write_text(path, content + "\n")

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Conversation":
        """The conversation in a file.

        Raises:  StorageError if the file cannot be read or holds none.
        """
        path = checked_path("path", path)
        try:
            content = read_json(path, shape=_SHAPE)
        except StorageError as error:
            if isinstance(error.__cause__, OSError):
                raise
            raise StorageError(
                f"{path} holds no conversation. Give a file that /save wrote."
            ) from error
        return cls((turn["user"], turn["assistant"]) for turn in content["turns"])


def _is_format(name: str, value: object) -> None:
    one_of(name, value, (FORMAT,))


_SHAPE = {
    "format": _is_format,
    "turns": [{"user": str, "assistant": str, ...: object}],
    ...: object,
}

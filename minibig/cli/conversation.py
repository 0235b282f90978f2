"""A conversation: what was said, and how much of it still fits into the model's context.

A model sees no more than its context, so the oldest turns have to go when there is no room left.
They stay in the conversation, and in the file of one, but the model is no longer told of them.
"""

import json
import os
from pathlib import Path
from typing import Any

from minibig.backend import InputError
from minibig.cli.dialogue_forms import DialogueForm
from minibig.data import Turn
from minibig.files.durable import new_file, read_file
from minibig.files.strict_json import MAX_JSON_BYTES, parse_json
from minibig.finetuning import fitting_prompt
from minibig.storage import StorageError

FORMAT = "minibig conversation"


class Conversation:
    """Turns, each a question and its answer; the first `n_forgotten` are no longer told."""

    def __init__(self) -> None:
        self.turns: list[Turn] = []
        self.n_forgotten = 0

    def add(self, question: str, answer: str) -> None:
        """Keep a turn."""
        self.turns.append((question, answer))

    def reset(self) -> None:
        """Begin anew."""
        self.turns, self.n_forgotten = [], 0

    def prompt(
        self, form: DialogueForm, question: str, context_length: int, room: int
    ) -> tuple[list[int], list[Turn]]:
        """The ids that ask the question, and the turns that had to be forgotten for it.

        `fitting_prompt` says what still fits with `room` tokens for an answer; what was forgotten
        once stays forgotten.

        Raises:  InputError if the question alone fills the context; then nothing is forgotten.
        """
        told = self.turns[self.n_forgotten :]
        ids, n_forgotten = fitting_prompt(
            form.prompt, told, question, context_length=context_length, room=room
        )
        self.n_forgotten += n_forgotten
        return ids, told[:n_forgotten]

    def save(self, path: Path) -> None:
        """Write the conversation as JSON; only another conversation is replaced.

        Raises:  InputError if the file holds something else, StorageError if it cannot be written.
        """
        if os.path.lexists(path):
            try:
                _read(path)
            except StorageError:
                raise InputError(
                    f"{path} is there already and holds something else. Choose another name."
                ) from None
        turns = [{"user": question, "assistant": answer} for question, answer in self.turns]
        content = {"format": FORMAT, "turns": turns}
        with new_file(path) as file:
            file.write(json.dumps(content, ensure_ascii=False, indent=2).encode() + b"\n")

    def load(self, path: Path) -> None:
        """Go on with the conversation in a file.

        Raises:  StorageError if the file holds none; then this conversation is what it was.
        """
        self.turns, self.n_forgotten = _read(path), 0


def _read(path: Path) -> list[Turn]:
    try:
        content = parse_json(read_file(path, MAX_JSON_BYTES))
    except StorageError as error:
        if isinstance(error.__cause__, OSError):
            raise
        raise _no_conversation(path) from error
    turns = content.get("turns") if isinstance(content, dict) else None
    if (
        not isinstance(turns, list)
        or content.get("format") != FORMAT
        or not all(map(_is_turn, turns))
    ):
        raise _no_conversation(path)
    return [(turn["user"], turn["assistant"]) for turn in turns]


def _is_turn(turn: Any) -> bool:
    said = [turn.get(who) for who in ("user", "assistant")] if isinstance(turn, dict) else [None]
    return all(isinstance(text, str) for text in said)


def _no_conversation(path: Path) -> StorageError:
    return StorageError(f"{path} holds no conversation. Give a file that /save wrote.")

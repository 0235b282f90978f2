"""A chat: a model, the conversation so far, and the settings by which the next answer is drawn."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from minibig.backend import InputError, checks
from minibig.data import Turn
from minibig.dialogue.answering import Answer
from minibig.dialogue.conversation import Conversation
from minibig.dialogue.forms import DialogueForm
from minibig.generation import LanguageModel, Sampling
from minibig.settings import Settings, group, setting

MOST_ANSWERS = 16


@dataclass(frozen=True, kw_only=True)
class ChatSettings(Settings):
    """How a chat answers. Answer number i is drawn with seed + i.

    >>> ChatSettings(answers=0)
    Traceback (most recent call last):
    minibig.backend.errors.InputError: answers must be a whole number from 1 to 16; got 0.
    """

    max_new_tokens: int = setting(200, "the longest answer in tokens", least=1)
    sampling: Sampling = group(Sampling, temperature=0.5)
    seed: int = setting(0, "another seed, another answer", least=0)
    answers: int = setting(1, "answers to each question", least=1, most=MOST_ANSWERS)


class ChatSession:
    """Questions become answers, and the conversation goes on from one of them."""

    def __init__(
        self, model: LanguageModel, form: DialogueForm, settings: ChatSettings | None = None
    ) -> None:
        self.model: Any = model
        self.form = form
        self.context_length = model.start().context_length  # None: any number of tokens
        self.settings = settings or ChatSettings()
        self.conversation = Conversation()
        self.last_answers: Sequence[Answer] = ()
        self.taken, self._last_question, self._n_turns_before = 1, "", 0

    def setting(self, name: str) -> Any:
        """A setting by its name, also one of `Sampling`."""
        return self.settings.flat()[name]

    def change(self, name: str, value: Any) -> None:
        """Draw the next answers with another value of a setting, also of one of `Sampling`.

        Raises:  InputError for a value that makes no sense; then nothing is changed.
        """
        self.settings = self.settings.changed({name: value})

    def ask(
        self, question: str, stopped: Callable[[], bool] = lambda: False
    ) -> tuple[list[Answer], list[Turn]]:
        """Answers to be written by whoever iterates over them, and the turns forgotten for them."""
        chosen = self.settings
        prompt, forgotten = self.conversation.prompt(
            self.form,
            question,
            context_length=self.context_length,
            max_new_tokens=chosen.max_new_tokens,
        )
        answers = [
            Answer(
                self.model,
                self.form,
                prompt,
                max_new_tokens=chosen.max_new_tokens,
                seed=chosen.seed + number,
                sampling=chosen.sampling,
                stopped=stopped,
            )
            for number in range(chosen.answers)
        ]
        return answers, forgotten

    def keep(self, question: str, answers: Sequence[Answer]) -> None:
        """Go on from the first of the answers; `take` takes another."""
        self._n_turns_before = len(self.conversation.turns)
        self._last_question, self.last_answers = question, answers
        self.take(1)

    def take(self, number: int) -> None:
        """Go on from answer `number`; one that was stopped before its first word is not kept.

        Raises:  InputError if the last question has no such answer.
        """
        n_answers = len(self.last_answers)
        if not n_answers:
            raise InputError("there is no answer yet to go on from. Ask something.")
        self.taken = checks.whole("answer", number, 1, n_answers)
        answer = self.last_answers[number - 1]
        del self.conversation.turns[self._n_turns_before :]
        if answer.text or answer.ended != "stopped":
            self.conversation.add(self._last_question, answer.text.rstrip())

    @property
    def last_answer(self) -> Answer | None:
        """The answer to the last question from which the conversation goes on."""
        return self.last_answers[self.taken - 1] if self.last_answers else None

    def reset(self) -> None:
        """Begin a new conversation."""
        self.conversation, self.last_answers = Conversation(), ()

    def load(self, path: Path) -> None:
        """Go on with the conversation in a file.

        Raises:  StorageError if the file holds none; then nothing is changed.
        """
        self.conversation, self.last_answers = Conversation.load(path), ()

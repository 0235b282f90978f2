"""What a chat is made of: a model, the conversation so far, and how the next answer is drawn."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from minibig.backend import InputError
from minibig.cli.answers import Answer
from minibig.cli.conversation import Conversation
from minibig.cli.dialogue_forms import DialogueForm
from minibig.data import Turn
from minibig.generation import Sampling

MOST_ANSWERS = 16


class ChatSession:
    """Questions become answers; each of these is a setting that may change between two questions:
    `temperature`, `seed` and `n_answers`, how many answers a question gets.

    Answer number i is drawn with seed + i, so the same conversation goes the same way again.

    Raises:  InputError for settings that make no sense.
    """

    def __init__(
        self,
        model: Any,
        form: DialogueForm,
        *,
        temperature: float,
        seed: int,
        n_answers: int,
        max_new_tokens: int,
        **sampling: Any,
    ) -> None:
        self.model, self.form = model, form
        self.conversation = Conversation()
        self.last_answers: Sequence[Answer] = ()
        self.taken, self._last_question, self._n_turns_before = 1, "", 0
        self._sampling = sampling
        if max_new_tokens < 1:
            raise InputError(f"max_new_tokens must be at least 1; got {max_new_tokens}.")
        self.max_new_tokens = max_new_tokens
        self.set_temperature(temperature)
        self.set_seed(seed)
        self.set_n_answers(n_answers)

    @property
    def context_length(self) -> int:
        """How many tokens the model sees at once."""
        length: int = self.model.config.context_length
        return length

    def set_temperature(self, temperature: float) -> None:
        """Draw the next answers at another temperature."""
        Sampling(temperature=temperature, **self._sampling)
        self.temperature = temperature

    def set_seed(self, seed: int) -> None:
        """Draw the next answers with another seed."""
        if seed < 0:
            raise InputError(f"seed must be a whole number from 0 on; got {seed}.")
        self.seed = seed

    def set_n_answers(self, n_answers: int) -> None:
        """Give each question so many answers."""
        if not 1 <= n_answers <= MOST_ANSWERS:
            raise InputError(f"answers must be from 1 to {MOST_ANSWERS}; got {n_answers}.")
        self.n_answers = n_answers

    def ask(
        self, question: str, stopped: Callable[[], bool] = lambda: False
    ) -> tuple[list[Answer], list[Turn]]:
        """Answers to be written by whoever iterates over them, and the turns forgotten for them."""
        room = min(self.max_new_tokens, self.context_length // 2)
        prompt, forgotten = self.conversation.prompt(self.form, question, self.context_length, room)
        answers = [
            Answer(
                self.model,
                self.form,
                prompt,
                max_new_tokens=self.max_new_tokens,
                stopped=stopped,
                temperature=self.temperature,
                seed=self.seed + number,
                **self._sampling,
            )
            for number in range(self.n_answers)
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
        if not 1 <= number <= n_answers:
            raise InputError(f"answer must be from 1 to {n_answers}; got {number}.")
        self.taken = number
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
        self.conversation.reset()
        self.last_answers = ()

    def load(self, path: Path) -> None:
        """Go on with the conversation in a file.

        Raises:  StorageError if the file holds none; then nothing is changed.
        """
        self.conversation.load(path)
        self.last_answers = ()

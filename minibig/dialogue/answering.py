"""What a model answers: many questions side by side, or one answer piece by piece.

`answers_to` and `answers_in_turn` take the likeliest token each time. An `Answer` is drawn as
`Sampling` says, and shows its text, its tokens and how it ended while it is written.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from minibig.backend import Array, InputError, to_numpy
from minibig.backend.checks import instance, iterable, whole
from minibig.data import Turn
from minibig.dialogue.conversation import Conversation
from minibig.dialogue.forms import DialogueForm, TaughtDialogue, dialogue_tokens, prompt_ids
from minibig.evaluation import greedy_answers
from minibig.generation import LanguageModel, Sampling, probabilities, stream
from minibig.nn import evaluating
from minibig.tokenizers import StreamDecoder, Tokenizer

Alternative: TypeAlias = tuple[int, float]  # a token and its probability


def answers_to(
    model: LanguageModel, tokenizer: Tokenizer, questions: Sequence[str], *, max_new_tokens: int
) -> list[str]:
    """The answer to each question, asked by itself; at each token the likeliest is taken.

    Raises:  InputError if the tokenizer lacks the special tokens of dialogues.
    """
    found = greedy_answers(
        model,
        [prompt_ids(tokenizer, (), q) for q in iterable("questions", questions, "questions")],
        max_new_tokens=max_new_tokens,
        stop_token=dialogue_tokens(tokenizer)[2],
    )
    return [tokenizer.decode(ids) for ids in found]


def answers_in_turn(
    model: LanguageModel, tokenizer: Tokenizer, questions: Sequence[str], *, max_new_tokens: int
) -> list[Turn]:
    """The questions asked one after the other, each with the turns before it, and the answers.

    Turns that leave no room for an answer are forgotten, as `Conversation.prompt` says. An answer
    ends with the context at the latest.

    Raises:  InputError for a question that fills the context by itself.
    """
    conversation, form = Conversation(), TaughtDialogue(tokenizer)
    end, context_length = dialogue_tokens(tokenizer)[2], model.start().context_length
    for question in iterable("questions", questions, "questions"):
        prompt, _ = conversation.prompt(
            form, question, context_length=context_length, max_new_tokens=max_new_tokens
        )
        most = _room_left(context_length, prompt, max_new_tokens)
        [ids] = greedy_answers(model, [prompt], max_new_tokens=most, stop_token=end)
        conversation.add(question, tokenizer.decode(ids))
    return conversation.turns


def _room_left(context_length: int | None, prompt: Sequence[int], most: int) -> int:
    """How many tokens an answer may have: `most`, or what the prompt leaves of the context."""
    if context_length is None:
        return most
    if len(prompt) > context_length:
        raise InputError(
            f"the prompt has {len(prompt):,} tokens, more than the context of {context_length:,}. "
            "Conversation.prompt forgets the oldest turns."
        )
    return min(most, context_length - len(prompt))


class Answer:
    """Iterate over it, and the model writes; `text`, `ids` and `ended` grow as it does.

    `ended` is "" while the answer grows, and then "by itself", "stopped" (by `stopped()`, which is
    asked before each token), "long enough" (`max_new_tokens`) or "context full". An answer never
    goes beyond the context: so the model sees the whole question until its last word, and one pass
    over question and answer gives the probability of every token.
    """

    def __init__(
        self,
        model: LanguageModel,
        form: DialogueForm,
        prompt: list[int],
        *,
        max_new_tokens: int,
        seed: int | None = None,
        sampling: Sampling | None = None,
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        self.prompt, self.ids, self.text, self.ended = prompt, list[int](), "", ""
        self._form, self._stopped = form, stopped
        self._most = _room_left(model.start().context_length, prompt, max_new_tokens)
        self._is_cut = self._most < max_new_tokens
        self._tokens = stream(
            model, prompt, max_new_tokens=self._most, seed=seed, sampling=sampling or Sampling()
        )

    def __iter__(self) -> Iterator[str]:
        """The text in pieces of whole characters, without white space at its beginning."""
        for piece in self._form.answer(self._decoded()):
            shown = piece if self.text else piece.lstrip()
            self.text += shown
            yield shown
        self.ended = self.ended or "by itself"  # the form ended it before the tokens did

    def _decoded(self) -> Iterator[str]:
        decoder = StreamDecoder(self._form.tokenizer)
        for token in self._until_the_end():
            self.ids.append(token)
            yield "" if token in self._form.stop_tokens else decoder.feed([token])
        yield decoder.finish()

    def _until_the_end(self) -> Iterator[int]:
        """The tokens, with the one that ends the answer."""
        while len(self.ids) < self._most:
            if self._stopped():
                self.ended = "stopped"
                return
            yield next(self._tokens)
            if self.ids[-1] in self._form.stop_tokens:
                self.ended = "by itself"
                return
        self.ended = "context full" if self._is_cut else "long enough"


@dataclass(frozen=True)
class TokenChoice:
    """A token of an answer, its probability, and the likeliest of all the others."""

    token: int
    probability: float
    others: list[Alternative]


def token_choices(model: LanguageModel, answer: Answer, n_others: int = 3) -> list[TokenChoice]:
    """The probability that the model gave to each token of an answer, at temperature 1.

    p(token t) = softmax(logits after the prompt and the tokens before t)[token t]
    """
    whole("n_others", n_others, 0)
    if not instance("answer", answer, Answer).ids:
        return []
    ids = answer.prompt + answer.ids[:-1]
    with evaluating(model):
        logits = to_numpy(model.start().step([ids], n_last=len(answer.ids)).data)[0]
    p = probabilities(logits)  # (tokens, V)
    return [_choice(token, row, n_others) for token, row in zip(answer.ids, p, strict=True)]


def _choice(token: int, p: Array, n_others: int) -> TokenChoice:
    best = [int(i) for i in np.argsort(-p, kind="stable")[: n_others + 1] if i != token]
    return TokenChoice(token, float(p[token]), [(i, float(p[i])) for i in best[:n_others]])

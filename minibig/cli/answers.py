"""An answer as it is written: its text piece by piece, its tokens, how it ended, how likely it was.

The answer never goes beyond the context, so that the model sees the whole question until its last
word, and one pass over question and answer gives the probability of every token.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from minibig.autograd import no_grad
from minibig.backend import Array, to_numpy
from minibig.cli.dialogue_forms import DialogueForm
from minibig.generation import probabilities, stream
from minibig.tokenizers import StreamDecoder

Alternative: TypeAlias = tuple[int, float]  # a token and its probability


@dataclass(frozen=True)
class TokenChoice:
    """A token of an answer, its probability, and the likeliest of all the others."""

    token: int
    probability: float
    others: list[Alternative]


class Answer:
    """Iterate over it, and the model writes; `text`, `ids` and `ended` grow as it does.

    `ended` is "" while the answer grows, and then "by itself", "stopped" (by `stopped()`, which is
    asked before each token), "long enough" (`max_new_tokens`) or "context full".
    """

    def __init__(
        self,
        model: Any,
        form: DialogueForm,
        prompt: list[int],
        *,
        max_new_tokens: int,
        stopped: Callable[[], bool] = lambda: False,
        **sampling: Any,
    ) -> None:
        self.prompt, self.ids, self.text, self.ended = prompt, list[int](), "", ""
        self._form, self._stopped = form, stopped
        self._room = model.config.context_length - len(prompt)
        self._most = min(max_new_tokens, self._room)
        self._tokens = stream(model, prompt, max_new_tokens=self._most, **sampling)

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
        self.ended = "context full" if self._most == self._room else "long enough"


def token_choices(model: Any, answer: Answer, n_others: int = 3) -> list[TokenChoice]:
    """What the model thought of each token of an answer: softmax of its logits, at temperature 1.

    p(token t) = softmax(logits after the prompt and the tokens before t)[token t]
    """
    if not answer.ids:
        return []
    with no_grad():
        logits = to_numpy(model([answer.prompt + answer.ids[:-1]]).data)[0]
    p = probabilities(logits[len(answer.prompt) - 1 :])  # (tokens, V)
    return [_choice(token, row, n_others) for token, row in zip(answer.ids, p, strict=True)]


def _choice(token: int, p: Array, n_others: int) -> TokenChoice:
    best = [int(i) for i in np.argsort(-p, kind="stable")[: n_others + 1] if i != token]
    return TokenChoice(token, float(p[token]), [(i, float(p[i])) for i in best[:n_others]])

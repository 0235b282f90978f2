"""The loss of dialogues: how surprising the answers are, and nothing else.

    loss = mean of −ln p(idₜ | id₀ … idₜ₋₁)   over the t that belong to an answer or are its end

Questions are given, so a model that learns to answer needs not learn to ask; and padding is no
text at all. Both are left out of the mean by `ignore_index`.
"""

from collections.abc import Sequence

import numpy as np

from minibig.autograd import Tensor
from minibig.backend import Array, to_device
from minibig.data import Turn
from minibig.dialogue import DialogueBatches
from minibig.nn import Module
from minibig.ops import cross_entropy
from minibig.tokenizers import Tokenizer
from minibig.training import evaluating

_IGNORED = -100


def answer_loss(model: Module, ids: Array, answers: Array) -> Tensor:
    """−ln p(ids[:, t] | ids[:, :t]), averaged over the rows and the t where `answers[:, t]`.

    Shapes:  ids, answers (B, T + 1)  ->  ().

    >>> from minibig.models import GPT, GPTConfig
    >>> model = GPT(GPTConfig(vocab_size=9, context_length=8, n_layers=1, n_heads=1, d_model=4))
    >>> ids = np.array([[1, 2, 3, 4]])
    >>> loss = answer_loss(model, ids, np.array([[False, False, True, True]]))
    >>> abs(loss.item() - 2.197) < 0.1  # ln 9
    True
    """
    device = next(model.parameters()).device
    targets = np.where(answers[:, 1:], ids[:, 1:], _IGNORED)  # (B, T)
    return cross_entropy(
        model(to_device(ids[:, :-1], device)),
        Tensor(to_device(targets, device)),
        ignore_index=_IGNORED,
    )


class AnswerLoss:
    """The loss of a model on the dialogues of a step, as `Trainer` asks for it.

    `n_tokens` counts the places of the latest batch, padding included: the work that it took.
    """

    def __init__(self, model: Module, batches: DialogueBatches, accumulation: int = 1) -> None:
        self.model, self.batches, self.accumulation = model, batches, accumulation
        self.n_tokens = 0

    def __call__(self, step: int, micro_step: int) -> Tensor:
        """The loss on batch number step·accumulation + micro_step."""
        ids, answers = self.batches.batch(step * self.accumulation + micro_step)
        self.n_tokens = ids[:, :-1].size
        return answer_loss(self.model, ids, answers)


def mean_answer_loss(
    model: Module,
    tokenizer: Tokenizer,
    dialogues: Sequence[Sequence[Turn]],
    *,
    batch_size: int,
    context_length: int,
) -> float:
    """The loss on dialogues that are only looked at: each once, every answered token as heavy."""
    total, count = 0.0, 0
    with evaluating(model):
        for first in range(0, len(dialogues), batch_size):
            some = dialogues[first : first + batch_size]
            ids, answers = DialogueBatches(
                tokenizer, some, batch_size=len(some), context_length=context_length, seed=0
            ).batch(0)
            n_answered = int(answers[:, 1:].sum())
            total += answer_loss(model, ids, answers).item() * n_answered
            count += n_answered
    return total / count

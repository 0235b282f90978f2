"""Batches of dialogues, in an order that is a function of the seed and the step.

A row holds a few dialogues one after the other, as a long conversation does: so a model learns to
answer wherever a question stands, and to look at that question and not at the ones before. Rows end
with padding, which comes after everything that is learned from, so that with causal attention it
changes nothing.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from minibig.backend import InputError
from minibig.backend.checks import iterable, whole
from minibig.data import Batch, Turn, random_words
from minibig.dialogue.forms import dialogue_ids, dialogue_tokens
from minibig.tokenizers import Tokenizer


def dialogue_evaluation_batches(
    tokenizer: Tokenizer,
    dialogues: Sequence[Sequence[Turn]],
    *,
    batch_size: int,
    context_length: int,
) -> Iterator[Batch]:
    """Dialogues that are only looked at: each once, one in a row, the same batches each time."""
    for first in range(0, len(dialogues), whole("batch_size", batch_size, 1)):
        some = dialogues[first : first + batch_size]
        yield DialogueBatches(
            tokenizer, some, batch_size=len(some), context_length=context_length, seed=0
        ).batch(0)


class DialogueBatches:
    """Batches of `batch_size` rows of `dialogues_per_row` dialogues, which come once in an epoch.

    The last dialogues of an epoch, too few for a row, are left out of it; they are others in each
    epoch. A row ends after `context_length` + 1 tokens.

    Shapes:  `batch(number)` has inputs, targets and mask (B, T): B = batch_size, and T is that of
             the longest row. The mask marks the targets that are answers or their ends.
    Raises:  InputError if there are too few dialogues for a row, or if the first answer of one
             begins beyond the context.

    >>> from minibig.dialogue.forms import DIALOGUE_TOKENS
    >>> from minibig.tokenizers import ByteLevelBPE
    >>> tokenizer = ByteLevelBPE.train("yes no", vocab_size=259, special_tokens=DIALOGUE_TOKENS)
    >>> dialogues = [[("A", "B")], [("C", "DE")]]
    >>> batches = DialogueBatches(tokenizer, dialogues, batch_size=2, context_length=16, seed=0)
    >>> batch = batches.batch(0)
    >>> batch.inputs.tolist()
    [[256, 32, 257, 33, 258], [256, 34, 257, 35, 36]]
    >>> batch.targets.tolist()
    [[32, 257, 33, 258, 258], [34, 257, 35, 36, 258]]
    >>> batch.mask.astype(int).tolist()
    [[0, 0, 1, 1, 0], [0, 0, 1, 1, 1]]
    """

    def __init__(
        self,
        tokenizer: Tokenizer,
        dialogues: Sequence[Sequence[Turn]],
        *,
        batch_size: int,
        context_length: int,
        seed: int,
        dialogues_per_row: int = 1,
    ) -> None:
        dialogues = list(iterable("dialogues", dialogues, "dialogues, lists of turns"))
        self.batch_size = whole("batch_size", batch_size, 1)
        self.context_length = whole("context_length", context_length, 1)
        self.seed = whole("seed", seed)
        self.dialogues_per_row = whole("dialogues_per_row", dialogues_per_row, 1)
        self.rows_per_epoch = len(dialogues) // dialogues_per_row
        if not self.rows_per_epoch:
            raise InputError(
                f"a row of dialogues_per_row = {dialogues_per_row} needs as many dialogues; got "
                f"{len(dialogues)}."
            )
        self._padding = dialogue_tokens(tokenizer)[2]
        self._dialogues = [dialogue_ids(tokenizer, turns) for turns in dialogues]
        self._check_lengths()
        self._latest: tuple[int, np.ndarray] = (-1, np.empty(0, np.int64))

    def batch(self, number: int) -> Batch:
        """Batch `number`, counted from 0."""
        first = whole("number", number, 0) * self.batch_size
        rows = [self._row(number) for number in range(first, first + self.batch_size)]
        longest = max(len(ids) for ids, _ in rows)
        ids = np.full((len(rows), longest), self._padding, np.int64)  # (B, T + 1)
        answers = np.zeros(ids.shape, bool)
        for i, (row, marks) in enumerate(rows):
            ids[i, : len(row)], answers[i, : len(row)] = row, marks
        return Batch(ids[:, :-1], ids[:, 1:], answers[:, 1:])

    def _row(self, number: int) -> tuple[list[int], list[bool]]:
        """Row `number` of all epochs in a row: its ids, and which of them are answers."""
        epoch, slot = divmod(number, self.rows_per_epoch)
        first = slot * self.dialogues_per_row
        ids: list[int] = []
        answers: list[bool] = []
        for index in self._order(epoch)[first : first + self.dialogues_per_row]:
            ids += self._dialogues[index][0]
            answers += self._dialogues[index][1]
        return ids[: self.context_length + 1], answers[: self.context_length + 1]

    def _order(self, epoch: int) -> np.ndarray:
        """The dialogues in the order of an epoch."""
        if self._latest[0] != epoch:
            draws = random_words(self.seed, epoch, len(self._dialogues))
            self._latest = (epoch, np.argsort(draws, kind="stable"))
        return self._latest[1]

    def _check_lengths(self) -> None:
        for number, (_, answers) in enumerate(self._dialogues):
            if True not in answers[: self.context_length + 1]:
                raise InputError(
                    f"dialogue {number} has no answer within the context of {self.context_length} "
                    "tokens; nothing can be learned from it. Shorten its question, or use a model "
                    "with a longer context."
                )

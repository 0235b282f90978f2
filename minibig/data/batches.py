"""Next-token batches, each a function of the seed and of its number, and of nothing else.

An epoch cuts the tokens into blocks of T + 1 ids, the last id of one being the first of the next,
so that T inputs and T targets come from each. Where the first block begins and in what order they
come is drawn from (seed, epoch) alone, in `epoch_order.py`. Batch number n holds the positions
n·B ... n·B + B - 1 of all epochs in a row: nothing has to be saved or replayed to go on from any
batch.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from minibig.backend.checks import refusal, whole
from minibig.backend.errors import InputError
from minibig.data.epoch_order import EpochOrder
from minibig.data.tokens import Tokens


@dataclass(frozen=True)
class Batch:
    """What a model is fed at once: inputs, the targets to predict from them, and which count.

    `mask` is True where a target is predicted; None means everywhere.

    Shapes:  inputs, targets, mask (B, T).

    >>> batch = Batch(np.array([[1, 2, 3]]), np.array([[2, 3, 4]]), np.array([[False, True, True]]))
    >>> batch.n_examples, batch.n_tokens, batch.n_targets
    (1, 3, 2)
    """

    inputs: np.ndarray
    targets: np.ndarray
    mask: np.ndarray | None = None

    @property
    def n_examples(self) -> int:
        """B, the number of rows."""
        return len(self.inputs)

    @property
    def n_tokens(self) -> int:
        """B·T, padding included: the tokens that the model goes through."""
        return self.inputs.size

    @property
    def n_targets(self) -> int:
        """How many targets are predicted: the loss of the batch is a mean over these."""
        return self.targets.size if self.mask is None else int(self.mask.sum())

    @classmethod
    def of_blocks(cls, ids: np.ndarray) -> "Batch":
        """The batch of ids (B, T + 1) in which each id predicts the next.

        >>> batch = Batch.of_blocks(np.array([[1, 2, 3, 4]]))
        >>> batch.inputs.tolist(), batch.targets.tolist()
        ([[1, 2, 3]], [[2, 3, 4]])
        """
        return cls(ids[:, :-1], ids[:, 1:])


class Batches:
    """Batches of `batch_size` blocks; every block comes exactly once in an epoch, shuffled.

    The first block of an epoch begins at a random token below `context_length`. Up to
    2 · context_length tokens at the two ends therefore rest in one epoch and come in another.

    Shapes:  `batch(number)` has inputs and targets (B, T): B = batch_size, T = context_length.
    Raises:  InputError when there are fewer than context_length + 1 tokens.

    >>> from minibig.data.tokens import token_array
    >>> batches = Batches(token_array(range(50), 50), batch_size=2, context_length=4, seed=0)
    >>> batch = batches.batch(0)
    >>> bool(np.all(batch.targets == batch.inputs + 1)), batches.blocks_per_epoch
    (True, 11)
    """

    def __init__(self, tokens: Tokens, *, batch_size: int, context_length: int, seed: int) -> None:
        _check_sizes(tokens, batch_size, context_length)
        self.tokens = tokens
        self.batch_size, self.context_length = batch_size, context_length
        self.seed = whole("seed", seed)
        # The same for each epoch, whatever its first token: the last block has to end in time.
        self.blocks_per_epoch = max(1, (tokens.n_tokens - context_length) // context_length)
        self._latest: EpochOrder | None = None

    def batch(self, number: int) -> Batch:
        """Batch `number`, counted from 0."""
        first = whole("number", number, least=0) * self.batch_size
        epochs, slots = np.divmod(
            np.arange(first, first + self.batch_size), self.blocks_per_epoch
        )  # (B,)
        starts = np.empty(self.batch_size, np.int64)
        for epoch in np.unique(epochs):
            inside = epochs == epoch
            starts[inside] = self._block_starts(int(epoch), slots[inside])
        return _batch(self.tokens, starts, self.context_length)

    def _block_starts(self, epoch: int, slots: np.ndarray) -> np.ndarray:
        """Where the blocks in these slots of the order of an epoch begin."""
        n_blocks, length = self.blocks_per_epoch, self.context_length
        if self._latest is None or self._latest.epoch != epoch:
            self._latest = EpochOrder(self.seed, epoch, n_blocks)
        latest_offset = min(length - 1, self.tokens.n_tokens - 1 - n_blocks * length)
        return self._latest.offset(latest_offset + 1) + length * self._latest.blocks(slots)


def evaluation_batches(
    tokens: Tokens, *, batch_size: int, context_length: int, max_batches: int | None = None
) -> Iterator[Batch]:
    """The blocks of `tokens` from first to last, each once: the same batches at each evaluation.

    Each id but the first is a target exactly once, apart from the (n_tokens - 1) % context_length
    last ones, which fill no block. The last batch may be smaller; `max_batches` ends it sooner.

    Shapes:  inputs and targets (B, T), with B = batch_size or, in the last, less.
    Raises:  InputError when there are fewer than context_length + 1 tokens.

    >>> from minibig.data.tokens import token_array
    >>> tokens = token_array(range(8), 8)
    >>> batches = evaluation_batches(tokens, batch_size=2, context_length=2)
    >>> [batch.inputs.tolist() for batch in batches]
    [[[0, 1], [2, 3]], [[4, 5]]]
    """
    _check_sizes(tokens, batch_size, context_length)
    n_blocks = (tokens.n_tokens - 1) // context_length
    if max_batches is not None:
        n_blocks = min(n_blocks, whole("max_batches", max_batches, least=1) * batch_size)
    return (
        _batch(
            tokens,
            context_length * np.arange(first, min(first + batch_size, n_blocks)),
            context_length,
        )
        for first in range(0, n_blocks, batch_size)
    )


def _batch(tokens: Tokens, starts: np.ndarray, context_length: int) -> Batch:
    """The T + 1 ids from each start on; only these are read, also of a mapped file."""
    positions = starts[:, None] + np.arange(context_length + 1)  # (B, T + 1)
    return Batch.of_blocks(np.asarray(tokens.ids)[positions].astype(np.int64))


def _check_sizes(tokens: Tokens, batch_size: int, context_length: int) -> None:
    if not isinstance(tokens, Tokens):
        raise refusal("tokens", "a TokenFile or token_array(ids, vocab_size)", tokens)
    whole("batch_size", batch_size, least=1)
    whole("context_length", context_length, least=1)
    if tokens.n_tokens < context_length + 1:
        raise InputError(
            f"context_length = {context_length} needs at least {context_length + 1} tokens; got "
            f"{tokens.n_tokens}. Give more text or a shorter context."
        )

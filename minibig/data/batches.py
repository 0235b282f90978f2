"""Next-token batches in an order that is a function of the seed and the step, and of nothing else.

An epoch cuts the tokens into blocks of T + 1 ids, the last id of one being the first of the next,
so that T inputs and T targets come from each. Where the first block begins and in what order they
come is drawn from (seed, epoch) alone, in `epoch_order.py`. Batch number `step` holds the positions
step·B ... step·B + B - 1 of all epochs in a row: nothing has to be saved or replayed to go on from
any step.
"""

from collections.abc import Iterator

import numpy as np

from minibig.backend.errors import InputError
from minibig.data.epoch_order import EpochOrder
from minibig.data.tokens import Tokens


class Batches:
    """Batches of `batch_size` blocks; every block comes exactly once in an epoch, shuffled.

    The first block of an epoch begins at a random token below `context_length`. Up to
    2 · context_length tokens at the two ends therefore rest in one epoch and come in another.

    Shapes: `batch(step)` is (B, T + 1) with B = batch_size, T = context_length.

    Raises: InputError when there are fewer than context_length + 1 tokens.

    >>> from minibig.data.tokens import token_array
    >>> batches = Batches(token_array(range(50), 50), batch_size=2, context_length=4, seed=0)
    >>> batch = batches.batch(0)
    >>> inputs, targets = batch[:, :-1], batch[:, 1:]
    >>> bool(np.all(targets == inputs + 1)), batches.blocks_per_epoch
    (True, 11)
    """

    def __init__(self, tokens: Tokens, *, batch_size: int, context_length: int, seed: int) -> None:
        _check_sizes(tokens, batch_size, context_length)
        if not _is_whole(seed):
            raise TypeError(f"seed must be a whole number; got {seed!r}.")
        self.tokens = tokens
        self.batch_size, self.context_length, self.seed = batch_size, context_length, int(seed)
        # The same for each epoch, whatever its first token: the last block has to end in time.
        self.blocks_per_epoch = max(1, (tokens.n_tokens - context_length) // context_length)
        self._latest: EpochOrder | None = None

    def batch(self, step: int) -> np.ndarray:
        """The ids of batch number `step`, int64; inputs are `[:, :-1]`, targets `[:, 1:]`."""
        _check_step(step)
        first = int(step) * self.batch_size
        epochs, slots = np.divmod(
            np.arange(first, first + self.batch_size), self.blocks_per_epoch
        )  # (B,)
        starts = np.empty(self.batch_size, np.int64)
        for epoch in np.unique(epochs):
            inside = epochs == epoch
            starts[inside] = self._block_starts(int(epoch), slots[inside])
        return _blocks(self.tokens, starts, self.context_length)

    def epoch_of(self, step: int) -> int:
        """The epoch, counted from 0, of the first block of batch number `step`."""
        _check_step(step)
        return int(step) * self.batch_size // self.blocks_per_epoch

    def _block_starts(self, epoch: int, slots: np.ndarray) -> np.ndarray:
        """Where the blocks in these slots of the order of an epoch begin."""
        n_blocks, length = self.blocks_per_epoch, self.context_length
        if self._latest is None or self._latest.epoch != epoch:
            self._latest = EpochOrder(self.seed, epoch, n_blocks)
        latest_offset = min(length - 1, self.tokens.n_tokens - 1 - n_blocks * length)
        return self._latest.offset(latest_offset + 1) + length * self._latest.blocks(slots)


def evaluation_batches(
    tokens: Tokens, *, batch_size: int, context_length: int, max_batches: int | None = None
) -> Iterator[np.ndarray]:
    """The blocks of `tokens` from first to last, each once: the same batches at each evaluation.

    Each id but the first is a target exactly once, apart from the (n_tokens - 1) % context_length
    last ones, which fill no block. The last batch may be smaller; `max_batches` ends it sooner.

    Shapes: each batch is (B, T + 1), int64, with B = batch_size or, in the last, less.

    Raises: InputError when there are fewer than context_length + 1 tokens.

    >>> from minibig.data.tokens import token_array
    >>> tokens = token_array(range(8), 8)
    >>> [batch.tolist() for batch in evaluation_batches(tokens, batch_size=2, context_length=2)]
    [[[0, 1, 2], [2, 3, 4]], [[4, 5, 6]]]
    """
    _check_sizes(tokens, batch_size, context_length)
    if max_batches is not None:
        _check_positive("max_batches", max_batches)
    n_blocks = (tokens.n_tokens - 1) // context_length
    if max_batches is not None:
        n_blocks = min(n_blocks, max_batches * batch_size)
    return (
        _blocks(
            tokens,
            context_length * np.arange(first, min(first + batch_size, n_blocks)),
            context_length,
        )
        for first in range(0, n_blocks, batch_size)
    )


def _blocks(tokens: Tokens, starts: np.ndarray, context_length: int) -> np.ndarray:
    """The T + 1 ids from each start on; only these are read, also of a mapped file."""
    positions = starts[:, None] + np.arange(context_length + 1)  # (B, T + 1)
    return np.asarray(tokens.ids)[positions].astype(np.int64)


def _check_sizes(tokens: Tokens, batch_size: int, context_length: int) -> None:
    if not isinstance(tokens, Tokens):
        raise TypeError(
            f"tokens must be a TokenFile or token_array(ids, vocab_size); got "
            f"{type(tokens).__name__}."
        )
    _check_positive("batch_size", batch_size)
    _check_positive("context_length", context_length)
    if tokens.n_tokens < context_length + 1:
        raise InputError(
            f"context_length = {context_length} needs at least {context_length + 1} tokens; got "
            f"{tokens.n_tokens}. Give more text or a shorter context."
        )


def _check_positive(name: str, value: int) -> None:
    if not _is_whole(value):
        raise TypeError(f"{name} must be a whole number; got {value!r}.")
    if value < 1:
        raise InputError(f"{name} must be at least 1; got {value}.")


def _check_step(step: int) -> None:
    if not _is_whole(step):
        raise TypeError(f"step must be a whole number; got {step!r}.")
    if step < 0:
        raise InputError(f"step must be at least 0; got {step}.")


def _is_whole(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)

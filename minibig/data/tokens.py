"""Token ids in a row, and where the documents in it start: what batches are cut from.

The ids may lie in memory (`token_array`) or in a mapped file (`TokenFile` in token_files.py);
everything that reads them sees the same `Tokens`. Ids are checked once, when the tokens are made:
from there on every id is known to lie in the vocabulary. They take two bytes each, or four where
the vocabulary is larger than 65,536.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from minibig.backend.checks import iterable, number, whole
from minibig.backend.errors import InputError
from minibig.tokenizers.inputs import token_id_array

MOST_TOKENS = 1 << 32  # of a vocabulary: ids take at most four bytes


class Tokens:
    """Token ids in a row, and where the documents in it start.

    `ids` is a read-only array of shape (n_tokens,), in memory or mapped from a file;
    `document_starts` has shape (n_documents,). Every id lies in [0, vocab_size).
    """

    def __init__(self, ids: np.ndarray, document_starts: np.ndarray, vocab_size: int) -> None:
        self.ids = ids
        self.document_starts = document_starts
        self.vocab_size = vocab_size

    @property
    def n_tokens(self) -> int:
        """How many token ids there are."""
        return len(self.ids)

    @property
    def n_documents(self) -> int:
        """How many documents begin here, a cut one included."""
        return len(self.document_starts)

    def document(self, index: int) -> np.ndarray:
        """The ids of one document, with the `end_of_text` that closes it.

        >>> token_array([5, 6, 7], 10, document_starts=[0, 2]).document(0).tolist()
        [5, 6]
        """
        whole("document", index, 0, self.n_documents - 1)
        ends = self.document_starts[index + 1 : index + 2]
        end = int(ends[0]) if len(ends) else self.n_tokens
        return self.ids[int(self.document_starts[index]) : end]

    def split(self, fraction: float) -> tuple["Tokens", "Tokens"]:
        """The first `fraction` of the tokens for training, the rest for validation, uncopied.

        A document that the cut goes through ends the first part and begins the second.

        >>> train, validation = token_array(range(10), 10).split(0.9)
        >>> train.n_tokens, validation.ids.tolist()
        (9, [9])
        """
        cut = int(self.n_tokens * number("fraction", fraction, above=0, below=1))
        first = int(np.searchsorted(self.document_starts, np.uint64(cut)))
        later = self.document_starts[first:] - np.uint64(cut)
        if cut < self.n_tokens and (len(later) == 0 or later[0] > 0):
            later = np.concatenate([np.zeros(1, later.dtype), later])
        return (
            Tokens(self.ids[:cut], self.document_starts[:first], self.vocab_size),
            Tokens(self.ids[cut:], later, self.vocab_size),
        )

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(n_tokens={self.n_tokens}, n_documents={self.n_documents}, "
            f"vocab_size={self.vocab_size})"
        )


def token_array(
    ids: Iterable[int], vocab_size: int, *, document_starts: Sequence[int] = (0,)
) -> Tokens:
    """Token ids held in memory, as `Tokens`: for tests and small runs, which need no file.

    Raises:  InputError when an id lies outside [0, vocab_size) or the starts are not in order.

    >>> token_array([3, 1, 2], vocab_size=4)
    Tokens(n_tokens=3, n_documents=1, vocab_size=4)
    """
    whole("vocab_size", vocab_size, 1, MOST_TOKENS)
    array = token_id_array(ids, vocab_size).astype(token_dtype(vocab_size))
    given = np.asarray(iterable("document_starts", document_starts, "whole numbers"))
    check_starts(given, len(array), "document_starts")
    starts = given.astype(np.uint64)
    array.flags.writeable = starts.flags.writeable = False
    return Tokens(array, starts, vocab_size)


def token_dtype(vocab_size: int) -> np.dtype[Any]:
    """The smallest kind of number that holds every id."""
    return np.dtype("<u2" if vocab_size <= 1 << 16 else "<u4")


def check_starts(starts: np.ndarray, n_tokens: int, name: str) -> None:
    """Refuse starts of documents that are not 0 <= ... <= n_tokens, in order."""
    whole = starts.ndim == 1 and len(starts) > 0 and starts.dtype.kind in "iu"
    if not whole or starts[0] != 0 or starts[-1] > n_tokens or np.any(starts[:-1] > starts[1:]):
        raise InputError(
            f"{name} must be whole numbers in order, the first 0 and none above {n_tokens}, the "
            "number of tokens."
        )

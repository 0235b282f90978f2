"""Dialogues: predict the answers, and nothing else.

    loss = mean of −ln p(targets[b, t] | inputs[b, 0 … t]) over the b, t with mask[b, t]

The mask marks answers and their ends. Questions are given, so a model that learns to answer need
not learn to ask, and padding is no text: cross-entropy ignores both by `ignore_index`.
"""

import numpy as np

from minibig.autograd import Tensor
from minibig.backend import InputError, to_device
from minibig.backend.checks import instance
from minibig.data import Batch
from minibig.nn import Module
from minibig.ops import cross_entropy

_IGNORED = -100


def answer_loss(model: Module, batch: Batch) -> Tensor:
    """−ln p(targets[:, t] | inputs[:, :t + 1]), averaged over the rows and t where the mask is set.

    Shapes:  inputs, targets, mask (B, T)  ->  ().
    Raises:  InputError for a batch without a mask.

    >>> from minibig.models import GPT, GPTConfig
    >>> model = GPT(GPTConfig(vocab_size=9, context_length=8, n_layers=1, n_heads=1, d_model=4))
    >>> mask = np.array([[False, True, True]])
    >>> batch = Batch(np.array([[1, 2, 3]]), np.array([[2, 3, 4]]), mask)
    >>> abs(answer_loss(model, batch).item() - 2.197) < 0.1  # ln 9
    True
    """
    instance("batch", batch, Batch)
    if batch.mask is None:
        raise InputError(
            "answer_loss needs a batch with a mask, which marks the answers; got one without. "
            "Use next_token_loss for plain text."
        )
    device = model.device
    targets = np.where(batch.mask, batch.targets, _IGNORED)  # (B, T)
    return cross_entropy(
        model(to_device(batch.inputs, device)),
        Tensor(to_device(targets, device)),
        ignore_index=_IGNORED,
    )

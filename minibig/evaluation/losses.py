"""How well a model predicts: its mean loss, and the same as perplexity or in bits per byte.

    loss = Σᵢ nᵢ·lossᵢ / Σᵢ nᵢ   over batches i with nᵢ targets each

Every target weighs the same. Losses per token can be compared only between models with the same
tokenizer; bits per byte can always be compared.
"""

import math
from collections.abc import Callable, Iterable
from typing import Any

from minibig.autograd import Tensor
from minibig.backend import InputError
from minibig.backend.checks import number, refusal, whole
from minibig.nn import Module
from minibig.nn.modes import evaluating
from minibig.stopping import stop_if_requested


def mean_loss(model: Module, loss: Callable[[Any, Any], Tensor], batches: Iterable[Any]) -> float:
    """The loss over all batches, in which every target weighs the same; no dropout is active.

    `loss(model, batch)` is a mean over the `batch.n_targets` targets of a batch.

    Raises:  InputError if there is nothing to measure: no batch, or no target in any of them.

    >>> from minibig.data import evaluation_batches, token_array
    >>> from minibig.models import GPT, GPTConfig
    >>> from minibig.objectives import next_token_loss
    >>> model = GPT(GPTConfig(vocab_size=9, context_length=8, n_layers=1, n_heads=1, d_model=4))
    >>> tokens = token_array(range(9), vocab_size=9)
    >>> batches = evaluation_batches(tokens, batch_size=2, context_length=4)
    >>> abs(mean_loss(model, next_token_loss, batches) - math.log(9)) < 0.1
    True
    """
    if not callable(loss):
        raise refusal("loss", "a function (model, batch) -> loss", loss)
    total, n_targets = 0.0, 0
    with evaluating(model):
        for batch in batches:
            stop_if_requested()
            if not hasattr(batch, "n_targets"):
                raise refusal("a batch", "one that says its n_targets, such as a Batch", batch)
            if batch.n_targets:
                total += loss(model, batch).item() * batch.n_targets
                n_targets += batch.n_targets
    if not n_targets:
        raise InputError(
            "a mean loss needs at least one batch with a target; got none. Give more text, or "
            "examples with something to predict."
        )
    return total / n_targets


def perplexity(loss: float) -> float:
    """exp(loss): between how many tokens, all alike, the model is undecided on average.

    >>> perplexity(math.log(50))
    50.0
    """
    try:
        return math.exp(number("loss", loss))
    except OverflowError:
        return math.inf


def bits_per_byte(loss: float, *, n_tokens: int, n_bytes: int) -> float:
    """loss · n_tokens / (n_bytes · ln 2): a loss in nats per token as bits for a byte of the text.

    `n_tokens` and `n_bytes` are those of the text on which the loss was measured, so models with
    different tokenizers can be compared.

    >>> bits_per_byte(math.log(2), n_tokens=300, n_bytes=900)
    0.333333333
    """
    number("loss", loss)
    whole("n_tokens", n_tokens, least=1)
    whole("n_bytes", n_bytes, least=1)
    return loss * n_tokens / (n_bytes * math.log(2))

"""Language modelling: predict each next token of a text.

    loss = mean over all b, t of −ln p(targets[b, t] | inputs[b, 0 … t])

in nats per token: ln V for a model that knows nothing.
"""

from minibig.autograd import Tensor
from minibig.backend import InputError, to_device
from minibig.backend.checks import instance
from minibig.data import Batch
from minibig.nn import Module
from minibig.ops import cross_entropy


def next_token_loss(model: Module, batch: Batch) -> Tensor:
    """−ln p(targets[:, t] | inputs[:, :t + 1]), averaged over rows and t.

    Shapes:  inputs, targets (B, T)  ->  ().
    Raises:  InputError for a batch with a mask, which `answer_loss` takes.

    >>> from minibig.data import Batches, token_array
    >>> from minibig.models import GPT, GPTConfig
    >>> model = GPT(GPTConfig(vocab_size=9, context_length=8, n_layers=1, n_heads=1, d_model=4))
    >>> tokens = token_array(range(9), vocab_size=9)
    >>> batches = Batches(tokens, batch_size=2, context_length=4, seed=0)
    >>> abs(next_token_loss(model, batches.batch(0)).item() - 2.197) < 0.1  # ln 9
    True
    """
    instance("batch", batch, Batch)
    if batch.mask is not None:
        raise InputError(
            "next_token_loss predicts every target; got a batch with a mask. Use answer_loss."
        )
    device = model.device
    logits = model(to_device(batch.inputs, device))  # (B, T, V)
    return cross_entropy(logits, Tensor(to_device(batch.targets, device)))

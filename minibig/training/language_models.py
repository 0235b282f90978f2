"""What the loop needs to know of a language model: its loss, its validation, its samples.

The loss is the mean of −ln p(next token) over all tokens of a batch, in nats: ln V for a model that
knows nothing, and less for each thing it learns.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from minibig.autograd import Tensor, no_grad
from minibig.backend import Array, to_device
from minibig.data import Batches, Tokens, evaluation_batches
from minibig.generation import generate
from minibig.nn import Module
from minibig.ops import cross_entropy
from minibig.tokenizers import Tokenizer


class LanguageModelLoss:
    """The loss of a model on the batch of a step, as `Trainer` asks for it.

    Shapes:  batches (B, T + 1): T inputs, and the same moved by one as targets  ->  ().
    """

    def __init__(self, model: Module, batches: Batches, accumulation: int = 1) -> None:
        self.model, self.batches, self.accumulation = model, batches, accumulation
        self.n_tokens = batches.batch_size * batches.context_length

    def __call__(self, step: int, micro_step: int) -> Tensor:
        """The loss on batch number step·accumulation + micro_step."""
        return next_token_loss(
            self.model, self.batches.batch(step * self.accumulation + micro_step)
        )


def language_model_loss(
    model: Module, batches: Batches, accumulation: int = 1
) -> LanguageModelLoss:
    """The loss of a language model on its training text, for `Trainer`.

    >>> from minibig.data import token_array
    >>> from minibig.models import GPT, GPTConfig
    >>> model = GPT(GPTConfig(vocab_size=9, context_length=8, n_layers=1, n_heads=1, d_model=4))
    >>> tokens = token_array(range(9), vocab_size=9)
    >>> batches = Batches(tokens, batch_size=2, context_length=4, seed=0)
    >>> loss = language_model_loss(model, batches)
    >>> abs(loss(0, 0).item() - 2.197) < 0.1  # ln 9
    True
    """
    return LanguageModelLoss(model, batches, accumulation)


def next_token_loss(model: Module, ids: Array) -> Tensor:
    """−ln p(ids[:, t + 1] | ids[:, :t + 1]), averaged over rows and t.

    Shapes:  ids (B, T + 1)  ->  ().
    """
    ids = to_device(ids, next(model.parameters()).device)
    return cross_entropy(model(ids[:, :-1]), Tensor(ids[:, 1:]))


def validation_loss(
    model: Module,
    tokens: Tokens,
    *,
    batch_size: int,
    context_length: int,
    max_batches: int | None = None,
) -> float:
    """The loss in nats per token on text that was not trained on, the same blocks each time.

    Every token weighs the same, also those of a smaller last batch. No dropout is active, nothing
    is recorded.
    """
    total, count = 0.0, 0
    with evaluating(model):
        for ids in evaluation_batches(
            tokens, batch_size=batch_size, context_length=context_length, max_batches=max_batches
        ):
            n_targets = len(ids) * context_length
            total += next_token_loss(model, ids).item() * n_targets
            count += n_targets
    return total / count


def text_sampler(
    model: Any,
    tokenizer: Tokenizer,
    prompt: str,
    length: int,
    *,
    seed: int = 0,
    temperature: float = 0.8,
    top_k: int | None = None,
) -> Callable[[], str]:
    """A function that lets the model go on with a prompt: always with the same luck.

    So two samples of a run differ by what was learned between them, and by nothing else.
    """
    ids = tokenizer.encode(prompt)

    def sample() -> str:
        written = generate(
            model, ids, max_new_tokens=length, temperature=temperature, top_k=top_k, seed=seed
        )
        return tokenizer.decode(written[0].tolist())

    return sample


@contextmanager
def evaluating(model: Module) -> Iterator[None]:
    """Within it no dropout is active and nothing is recorded; then each module is as before."""
    before = [(module, module.training) for _, module in model.named_modules()]
    model.eval()
    try:
        with no_grad():
            yield
    finally:
        for module, mode in before:
            module.training = mode

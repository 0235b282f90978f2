"""What the loop needs to know of a language model: its loss, its validation, its samples.

The loss is the mean of −ln p(next token) over all tokens of a batch, in nats: ln V for a model that
knows nothing, and less for each thing it learns.
"""

from collections.abc import Callable
from typing import Any

from minibig.autograd import Tensor
from minibig.data import Batches
from minibig.generation import generate
from minibig.nn import Module
from minibig.objectives import next_token_loss
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

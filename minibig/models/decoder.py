"""How a model that keeps a cache goes on with texts.

What generation asks of any model, with a cache or without, is the Protocol `Decoder` in
`generation/decoding.py`: this is one that fulfils it, and no decoder block of a Transformer.

A model with `hidden(ids, cache)`, what its head reads, and `head(h)`, the logits, starts one:

    decoder = model.start(batch_size)
    logits = decoder.step(prompts)[:, -1]        # (B, V)
    logits = decoder.step(tokens[:, None])       # one token more for each text
"""

from typing import Any

from minibig.autograd import Tensor
from minibig.backend.checks import whole
from minibig.nn import Cache, evaluating


class CachedDecoder:
    """A model, and the cache of the texts that it goes on with.

    `context_length` is how many tokens it can hold, `vocab_size` how many there are. Within a step
    the model is evaluated: no dropout is active, and no derivative is recorded.

    >>> from minibig.models import GPT, GPTConfig
    >>> model = GPT(GPTConfig(vocab_size=9, context_length=8, n_layers=1, n_heads=1, d_model=4))
    >>> decoder = model.start(batch_size=2)
    >>> decoder.step([[1, 2, 3], [4, 5, 6]], n_last=3).shape
    (2, 3, 9)
    >>> decoder.truncate(2)
    >>> decoder.select([1])
    >>> decoder
    CachedDecoder(GPT, Cache(1 layers, 1 texts of 2 tokens))
    """

    def __init__(self, model: Any, cache: Cache, context_length: int, vocab_size: int):
        self.model = model
        self.cache = cache
        self.context_length = context_length
        self.vocab_size = vocab_size

    @property
    def length(self) -> int:
        """How many tokens of each text were read."""
        return self.cache.length

    def step(self, ids: Any, n_last: int = 1) -> Tensor:
        """Read on in each text; the logits of the tokens after the last `n_last` of those read.

        An error, or an interrupt, leaves the cache as it was.

        Shapes:  ids (B, T)  ->  logits (B, n_last, V).
        Raises:  InputError as the model does: for ids outside the vocabulary, or more tokens than
                 the context holds.
        """
        before = self.length
        try:
            with evaluating(self.model):
                h = self.model.hidden(ids, self.cache)  # (B, T, D)
                n_last = whole("n_last", n_last, 1, h.shape[1])
                logits: Tensor = self.model.head(h[:, -n_last:])
                return logits
        except BaseException:
            self.cache.truncate(before)
            raise

    def truncate(self, length: int) -> None:
        """Forget the tokens from number `length` on; go on from there."""
        self.cache.truncate(length)

    def select(self, rows: Any) -> None:
        """Go on with the texts of these numbers, in this order; a text may be taken twice."""
        self.cache.select(rows)

    def __repr__(self) -> str:
        return f"CachedDecoder({type(self.model).__name__}, {self.cache})"

"""GPT (2019): a Transformer that reads a text from left to right and predicts the next token.

    h = E[ids] + P[0 … T−1]
    h = block(h), L times: causal attention, then a feed-forward network
    logits = norm(h) Eᵀ

The layout is exactly GPT-2's, so that its published weights fit. One table E serves to read tokens
and to predict them: tokens that are read alike are predicted alike, and V·D parameters are saved.
"""

import math
from dataclasses import dataclass
from typing import Any

from minibig.autograd import Tensor
from minibig.backend import Array, InputError
from minibig.backend.checks import instance
from minibig.models.decoder import CachedDecoder
from minibig.nn import (
    Cache,
    Dropout,
    Embedding,
    FeedForward,
    KeyValueCache,
    LayerNorm,
    LearnedPositions,
    Module,
    ModuleList,
    MultiHeadAttention,
    PreNormBlock,
    normal_weights,
)
from minibig.nn.attention import size_of_heads
from minibig.nn.embedding import ids_array
from minibig.nn.shapes import expect_axes
from minibig.settings import Settings, required, setting


@dataclass(frozen=True)
class _Vocabulary(Settings):
    vocab_size: int = required("how many tokens there are", least=1, most=10**8)


@dataclass(frozen=True)
class GPTSizes(Settings):
    """The sizes of a GPT but for its vocabulary, which is the tokenizer's."""

    context_length: int = setting(1024, "tokens that the model sees at once", least=1, most=10**8)
    n_layers: int = setting(12, "blocks", least=1, most=1000)
    n_heads: int = setting(12, "attention heads", least=1, most=10**5)
    d_model: int = setting(768, "width", least=1, most=10**6)
    dropout: float = setting(
        0.0, "share of the activations dropped while learning", least=0, below=1
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        size_of_heads(self.d_model, self.n_heads)


@dataclass(frozen=True)
class GPTConfig(GPTSizes, _Vocabulary):
    """All sizes of a GPT, `vocab_size` first; the defaults are those of GPT-2 small.

    The vocabulary of GPT-2 is 50,257.

    >>> GPTConfig(vocab_size=65, n_heads=5)
    Traceback (most recent call last):
    minibig.backend.errors.InputError: n_heads must divide d_model; got d_model = 768 and \
n_heads = 5.
    """


class GPT(Module):
    """GPT-2: learned positions, pre-norm blocks, the head tied to the token embedding.

        logits = norm(block_L(… block_1(E[ids] + P))) Eᵀ

    Weights start as N(0, 0.02²), the two projections of each block that write into the residual
    sum as N(0, 0.02² / 2L), biases as 0.

    Shapes:  ids (B, T)  ->  logits (B, T, V).
    Cost:    about 2·N·B·T multiplications and additions for N = 12·L·D² + V·D parameters.
    Raises:  InputError for ids outside the vocabulary, or for more tokens than the context holds.
    Source:  Radford et al. 2019, "Language models are unsupervised multitask learners",
             section 2.3; N(0, 0.02²) is from Radford et al. 2018, section 4.1.

    >>> model = GPT(GPTConfig(vocab_size=65, context_length=8, n_layers=2, n_heads=2, d_model=16))
    >>> model([[1, 2, 3]]).shape
    (1, 3, 65)
    """

    def __init__(self, config: GPTConfig):
        instance("config", config, GPTConfig)
        D = config.d_model
        self.config = config
        self.token_embedding = Embedding(config.vocab_size, D)
        self.position_embedding = LearnedPositions(config.context_length, D)
        self.dropout = Dropout(config.dropout)
        self.blocks = ModuleList(self._block() for _ in range(config.n_layers))
        self.final_norm = LayerNorm(D)
        self._initialize()

    def _block(self) -> PreNormBlock:
        D, dropout = self.config.d_model, self.config.dropout
        attention = MultiHeadAttention(D, self.config.n_heads, dropout=dropout, causal=True)
        return PreNormBlock(attention, FeedForward(D, 4 * D), dropout=dropout)

    def _initialize(self) -> None:
        into_residual = {
            id(layer.weight)
            for block in self.blocks
            for layer in (block.attention.output, block.feed_forward.down)
        }
        for parameter in self.parameters():
            if parameter.ndim == 2:
                residual = id(parameter) in into_residual
                std = 0.02 / math.sqrt(2 * self.config.n_layers) if residual else 0.02
                parameter.assign(normal_weights(parameter.shape, std))

    def forward(self, ids: Any, cache: Cache | None = None) -> Tensor:
        """The logits of the token after each token; with a cache, `ids` go on from where it ends.

        `ids` is a tensor, an array, or nested lists of integers.
        """
        return self.head(self.hidden(ids, cache))

    def hidden(self, ids: Any, cache: Cache | None = None) -> Tensor:
        """What the head reads: (B, T) -> (B, T, D)."""
        ids = ids_array(ids, self.device)
        T, start = self._checked_length(ids, cache)
        h = self.token_embedding(ids) + self.position_embedding(T, start)
        h = self.dropout(h)  # (B, T, D)
        for i, block in enumerate(self.blocks):
            h = block(h, cache=None if cache is None else cache[i])
        return self.final_norm(h)

    def head(self, h: Tensor) -> Tensor:
        """Logits: the products of h with every row of the token embedding."""
        return self.token_embedding.logits(h)

    def next_logits(self, ids: Any) -> Tensor:
        """The logits of the token after the last one: (B, T) -> (B, V)."""
        return self.head(self.hidden(ids)[:, -1])

    def start(self, batch_size: int = 1) -> CachedDecoder:
        """A decoder that goes on with texts token by token, and has read nothing yet."""
        return CachedDecoder(
            self, self.new_cache(batch_size), self.config.context_length, self.config.vocab_size
        )

    def new_cache(self, batch_size: int = 1) -> Cache:
        """An empty key-value cache for each block."""
        config, first = self.config, next(self.parameters())
        return Cache(
            KeyValueCache(
                batch_size,
                config.n_heads,
                config.d_model // config.n_heads,
                config.context_length,
                first.dtype,
                first.device,
            )
            for _ in self.blocks
        )

    def _checked_length(self, ids: Array, cache: Cache | None) -> tuple[int, int]:
        """How many tokens there are, and how many came before; an error before any work is done."""
        expect_axes("ids", ids, "B T")
        if ids.shape[1] == 0:
            raise InputError("ids must hold at least one token in each row; got none.")
        if cache is not None and len(cache) != self.config.n_layers:
            raise InputError(
                f"the cache must have one entry for each of {self.config.n_layers} blocks; got "
                f"{len(cache)}. Make it with model.new_cache(batch_size)."
            )
        start = 0 if cache is None else cache.length
        self.position_embedding.rows(start, ids.shape[1])
        return ids.shape[1], start

    def extra_repr(self) -> str:
        return f"{self.config}"

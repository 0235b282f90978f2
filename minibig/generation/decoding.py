"""Writing with a language model, token by token.

The prompt is read once; after that each new token is one step through the key-value caches. When
the context is full, its window moves on: the last half of the text is read again, from position 0,
and writing goes on with room for another half. So a step stays cheap at any length, and the model
always sees at least half a context.

Beam search and speculative decoding are not here. Text from tokens is the tokenizer's part: feed
what `stream` yields to a `StreamDecoder`.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from minibig.autograd import Tensor
from minibig.backend import CPU, Array, InputError, generator, to_numpy
from minibig.backend import stream as random_stream
from minibig.generation.sampling import (
    draw,
    keep_top_k,
    keep_top_p,
    penalize_repetition,
    probabilities,
    scale_temperature,
)
from minibig.nn import evaluating
from minibig.nn.embedding import ids_array
from minibig.ops import checked_ids


class LanguageModel(Protocol):
    """What a model must offer to write: `config.context_length` and `config.vocab_size`, a new
    cache, and the logits of the token that comes next."""

    config: Any

    def new_cache(self, batch_size: int = 1) -> Any:
        """An empty cache, whose first entry knows its `length`."""
        ...

    def next_logits(self, ids: Any, cache: Any = None) -> Tensor:
        """The logits (B, V) of the token after `ids` (B, T), which go on from the cache."""
        ...

    def named_modules(self) -> Iterator[tuple[str, Any]]:
        """All modules, for switching between training and evaluation."""
        ...


@dataclass(frozen=True)
class Sampling:
    """How the next token is chosen from its logits; checked when it is made.

    >>> Sampling(temperature=-1.0)
    Traceback (most recent call last):
    minibig.backend.errors.InputError: temperature must be a number from 0 on (0: always the \
likeliest token); got -1.0.
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float | None = None
    repetition_penalty: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.temperature < math.inf:
            raise InputError(
                "temperature must be a number from 0 on (0: always the likeliest token); got "
                f"{self.temperature}."
            )
        self.choose(np.zeros((1, 2)), np.zeros((1, 1), np.int64), [generator("check")])

    def choose(self, logits: Array, ids: Array, generators: list[np.random.Generator]) -> Array:
        """One token for each row of logits (B, V), after the tokens ids (B, T)."""
        if self.repetition_penalty != 1:
            logits = penalize_repetition(logits, ids, self.repetition_penalty)
        greedy = self.temperature == 0
        logits = logits if greedy else scale_temperature(logits, self.temperature)
        logits = logits if self.top_k is None else keep_top_k(logits, self.top_k)
        logits = logits if self.top_p is None else keep_top_p(logits, self.top_p)
        p = probabilities(logits)
        return p.argmax(axis=-1) if greedy else draw(p, generators)


def generate(
    model: LanguageModel,
    ids: Any,
    *,
    max_new_tokens: int,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    repetition_penalty: float = 1.0,
    seed: int | None = None,
    n_sequences: int = 1,
    stop_token: int | None = None,
) -> Array:
    """Go on with each prompt for up to `max_new_tokens` tokens; returns prompts and new tokens.

    Temperature 0 always takes the likeliest token. With a seed the result is the same every time;
    without, the stream "sampling" is drawn from. Each prompt is continued `n_sequences` times, one
    after the other in the result. A sequence ends with `stop_token`, which then also fills its row
    until all sequences have ended. Text beyond the context is handled as the module describes.

    Shapes:  ids (T) or (B, T)  ->  (B·n_sequences, T + new) on the CPU, new <= max_new_tokens.
    Raises:  InputError for an empty prompt, for ids outside the vocabulary, for settings that make
             no sense, and for logits that are not finite.

    >>> from minibig.models import GPT, GPTConfig
    >>> model = GPT(GPTConfig(vocab_size=9, context_length=8, n_layers=1, n_heads=1, d_model=4))
    >>> generate(model, [1, 2, 3], max_new_tokens=20, n_sequences=2, seed=0).shape
    (2, 23)
    """
    _check_model(model)
    sampling = Sampling(temperature, top_k, top_p, repetition_penalty)
    _check_count("max_new_tokens", max_new_tokens, 0)
    _check_count("n_sequences", n_sequences, 1)
    prompts = np.repeat(_prompts(model, ids), n_sequences, axis=0)
    _check_stop_token(model, stop_token)
    generators = _generators(seed, len(prompts))
    columns = [prompts]
    ended = np.zeros(len(prompts), bool)
    steps = _steps(model, prompts, sampling, generators, stop_token)
    for _ in range(max_new_tokens if len(prompts) else 0):
        tokens = next(steps)
        columns.append(tokens[:, None])
        ended |= tokens == stop_token
        if ended.all():
            break
    return np.concatenate(columns, axis=1)


def stream(
    model: LanguageModel,
    ids: Any,
    *,
    max_new_tokens: int | None = None,
    temperature: float = 1.0,
    top_k: int | None = None,
    top_p: float | None = None,
    repetition_penalty: float = 1.0,
    seed: int | None = None,
    stop_token: int | None = None,
) -> Iterator[int]:
    """Go on with one prompt, and yield each new token as soon as it is drawn.

    The tokens are those of `generate` with the same seed. Without `max_new_tokens` it goes on
    until `stop_token`, or for ever. `stop_token` itself is yielded, too.

    Shapes:  ids (T) or (1, T).
    Raises:  InputError as `generate` does, at once and not at the first token.

    >>> from minibig.models import GPT, GPTConfig
    >>> model = GPT(GPTConfig(vocab_size=9, context_length=8, n_layers=1, n_heads=1, d_model=4))
    >>> len(list(stream(model, [1, 2, 3], max_new_tokens=5, seed=0)))
    5
    """
    _check_model(model)
    sampling = Sampling(temperature, top_k, top_p, repetition_penalty)
    if max_new_tokens is not None:
        _check_count("max_new_tokens", max_new_tokens, 0)
    prompt = _prompts(model, ids)
    if len(prompt) != 1:
        raise InputError(f"stream continues one prompt; got {len(prompt)}. Use generate.")
    _check_stop_token(model, stop_token)
    return _streamed(
        _steps(model, prompt, sampling, _generators(seed, 1), stop_token),
        max_new_tokens,
        stop_token,
    )


def _streamed(
    steps: Iterator[Array], max_new_tokens: int | None, stop_token: int | None
) -> Iterator[int]:
    count = 0
    while count != max_new_tokens:
        token = int(next(steps)[0])
        yield token
        if token == stop_token:
            return
        count += 1


def _steps(
    model: LanguageModel,
    prompts: Array,
    sampling: Sampling,
    generators: list[np.random.Generator],
    stop_token: int | None,
) -> Iterator[Array]:
    """The next token of every row (B), again and again; a row that has ended stays ended."""
    context = model.config.context_length
    text = prompts
    ended = np.zeros(len(text), bool)
    cache, unread = model.new_cache(len(text)), text[:, -context:]
    while True:
        if cache[0].length + unread.shape[1] > context:
            cache, unread = model.new_cache(len(text)), text[:, -((context + 1) // 2) :]
        with evaluating(model):
            logits = to_numpy(model.next_logits(unread, cache).data)  # (B, V)
        tokens = sampling.choose(logits, text, generators)
        if stop_token is not None:
            tokens = np.where(ended, stop_token, tokens)
            ended |= tokens == stop_token
        yield tokens
        unread = tokens[:, None]
        text = np.concatenate([text, unread], axis=1)


def _prompts(model: LanguageModel, ids: Any) -> Array:
    """The prompts as an int64 array (B, T) on the CPU."""
    array = to_numpy(ids_array(ids, CPU))
    array = array[None] if array.ndim == 1 else array
    if array.ndim != 2 or array.shape[1] == 0:
        raise InputError(
            "ids must hold one prompt (T) or several of one length (B, T), of at least one token; "
            f"got shape {tuple(array.shape)}."
        )
    return checked_ids(array, model.config.vocab_size).astype(np.int64)


def _generators(seed: int | None, n: int) -> list[np.random.Generator]:
    """A generator for each row, so that rows do not depend on each other."""
    if seed is None:
        seed = int(random_stream("sampling").integers(2**62))
    _check_count("seed", seed, 0)
    return [generator(seed, "sampling", row) for row in range(n)]


def _check_model(model: Any) -> None:
    if not hasattr(model, "next_logits") or not hasattr(model, "new_cache"):
        raise TypeError(
            f"model must be a language model such as GPT; got {type(model).__name__}. Load one "
            "with mb.load(folder)."
        )


def _check_count(name: str, value: Any, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise InputError(f"{name} must be a whole number from {least} on; got {value!r}.")


def _check_stop_token(model: LanguageModel, token: int | None) -> None:
    if token is None:
        return
    _check_count("stop_token", token, 0)
    if token >= model.config.vocab_size:
        raise InputError(
            f"stop_token must lie in [0, {model.config.vocab_size}), the vocabulary; got {token}."
        )

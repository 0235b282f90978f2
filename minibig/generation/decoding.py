"""Writing with a language model, token by token.

The prompt is read once; after that each new token is one step of the model's decoder. When the
context is full, its window moves on: the last half of the text is read again, from position 0, and
writing goes on with room for another half. So a step stays cheap at any length, and the model
always sees at least half a context.

Everything here needs no more of a model than `Decoder` says. Text from tokens is the tokenizer's
part: feed what `stream` yields to a `StreamDecoder`.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Protocol

import numpy as np

from minibig.autograd import Tensor
from minibig.backend import CPU, Array, InputError, generator, to_numpy
from minibig.backend import stream as random_stream
from minibig.backend.checks import instance, refusal, whole
from minibig.generation.sampling import Sampling
from minibig.nn.embedding import ids_array
from minibig.ops.indexing import SAME_VOCABULARY, checked_ids
from minibig.settings import types_of, unknown
from minibig.stopping import stop_if_requested


class Decoder(Protocol):
    """A model that goes on with a batch of texts, whatever it remembers of them.

    It is no decoder block of a Transformer. `models/decoder.py` has one for models with a cache.
    """

    context_length: int | None  # how many tokens it can hold; None: any number
    vocab_size: int

    @property
    def length(self) -> int:
        """How many tokens of each text were read."""
        ...

    def step(self, ids: Any, n_last: int = 1) -> Tensor:
        """Read ids (B, T), too; the logits (B, n_last, V) after the last `n_last` of them."""
        ...

    def truncate(self, length: int) -> None:
        """Forget the tokens from number `length` on."""
        ...

    def select(self, rows: Any) -> None:
        """Go on with the texts of these numbers, in this order; a text may be taken twice."""
        ...


class LanguageModel(Protocol):
    """What a model must offer to write: a decoder that has read nothing yet."""

    def start(self, batch_size: int = 1) -> Decoder:
        """A decoder for this number of texts."""
        ...


def generate(
    model: LanguageModel | Decoder,
    ids: Any,
    *,
    max_new_tokens: int,
    n_sequences: int = 1,
    stop_token: int | None = None,
    seed: int | None = None,
    stopped: Callable[[], bool] = lambda: False,
    sampling: Sampling | None = None,
    **settings: Any,
) -> Array:
    """Go on with each prompt for up to `max_new_tokens` tokens; returns prompts and new tokens.

    A model that writes about something, such as the source of a translation, is started before:
    give its decoder, which has read nothing yet, with a row for each prompt.

    How tokens are chosen is said by a `Sampling` or by its settings: `temperature=0` always takes
    the likeliest. With a seed the result is the same every time; without, the stream "sampling" is
    drawn from. Each prompt is continued `n_sequences` times, one after the other in the result. A
    sequence ends with `stop_token`, which then also fills its row until all sequences have ended.
    `stopped` is asked before each token; if it is true, what was written so far is returned. Text
    beyond the context is handled as the module describes.

    Shapes:  ids (T) or (B, T)  ->  (B·n_sequences, T + new) on the CPU, new <= max_new_tokens.
    Raises:  InputError for an empty prompt, for ids outside the vocabulary, for settings that make
             no sense, and for logits that are not finite.

    >>> from minibig.models import GPT, GPTConfig
    >>> model = GPT(GPTConfig(vocab_size=9, context_length=8, n_layers=1, n_heads=1, d_model=4))
    >>> generate(model, [1, 2, 3], max_new_tokens=20, n_sequences=2, seed=0).shape
    (2, 23)
    """
    whole("max_new_tokens", max_new_tokens, 0)
    prompts, times = _prompts(ids), whole("n_sequences", n_sequences, 1)
    decoder = _started(model, len(prompts), times)
    prompts = np.repeat(prompts, times, axis=0)
    tokens = _next_tokens(
        decoder, prompts, _sampling(sampling, settings), seed, stop_token, stopped
    )
    columns = [prompts]
    ended = np.zeros(len(prompts), bool)
    while len(columns) <= max_new_tokens and not (ended.all() or stopped()):
        columns.append(next(tokens)[:, None])
        ended |= columns[-1][:, 0] == stop_token
    return np.concatenate(columns, axis=1)


def stream(
    model: LanguageModel | Decoder,
    ids: Any,
    *,
    max_new_tokens: int | None = None,
    stop_token: int | None = None,
    seed: int | None = None,
    stopped: Callable[[], bool] = lambda: False,
    sampling: Sampling | None = None,
    **settings: Any,
) -> Iterator[int]:
    """Go on with one prompt, and yield each new token as soon as it is drawn.

    The tokens are those of `generate` with the same arguments. Without `max_new_tokens` it goes on
    until `stop_token`, or for ever. `stop_token` itself is yielded, too.

    Shapes:  ids (T) or (1, T).
    Raises:  InputError as `generate` does, at once and not at the first token.

    >>> from minibig.models import GPT, GPTConfig
    >>> model = GPT(GPTConfig(vocab_size=9, context_length=8, n_layers=1, n_heads=1, d_model=4))
    >>> len(list(stream(model, [1, 2, 3], max_new_tokens=5, seed=0)))
    5
    """
    if max_new_tokens is not None:
        whole("max_new_tokens", max_new_tokens, 0)
    prompt = _prompts(ids)
    if len(prompt) != 1:
        raise InputError(f"stream continues one prompt; got {len(prompt)}. Use generate.")
    decoder = _started(model, 1, 1)
    tokens = _next_tokens(decoder, prompt, _sampling(sampling, settings), seed, stop_token, stopped)
    return _until_the_end(tokens, max_new_tokens, stop_token, stopped)


def _until_the_end(
    tokens: Iterator[Array],
    max_new_tokens: int | None,
    stop_token: int | None,
    stopped: Callable[[], bool],
) -> Iterator[int]:
    count, token = 0, None
    while count != max_new_tokens and not (count and token == stop_token) and not stopped():
        token = int(next(tokens)[0])
        yield token
        count += 1


def _started(model: Any, batch_size: int, n_sequences: int) -> Decoder:
    """A decoder with `n_sequences` rows, one after the other, for each prompt."""
    if not isinstance(model, type) and hasattr(model, "step") and hasattr(model, "select"):
        if model.length:
            raise InputError(f"the decoder has read {model.length} tokens already. Start another.")
        if n_sequences > 1:
            model.select(np.repeat(np.arange(batch_size), n_sequences))
        return model
    if isinstance(model, type) or not hasattr(model, "start"):
        raise InputError(
            f"model must be a language model such as GPT; got {type(model).__name__}. Load one "
            "with mb.load(folder)."
        )
    return model.start(max(1, batch_size * n_sequences))


def _next_tokens(
    decoder: Decoder,
    prompts: Array,
    sampling: Sampling,
    seed: int | None,
    stop_token: int | None,
    stopped: Callable[[], bool],
) -> Iterator[Array]:
    """The next token of every row (B), again and again, after all arguments were checked."""
    checked_ids(prompts, decoder.vocab_size, "token ids", SAME_VOCABULARY)
    if not callable(stopped):
        raise refusal("stopped", "a function that says whether to stop", stopped)
    if stop_token is not None:
        whole("stop_token", stop_token, 0, decoder.vocab_size - 1)
    if seed is None:
        seed = int(random_stream("sampling").integers(2**62))
    whole("seed", seed, 0)
    generators = [generator(seed, "sampling", row) for row in range(len(prompts))]
    return _steps(decoder, prompts, sampling, generators, stop_token)


def _steps(
    decoder: Decoder,
    text: Array,
    sampling: Sampling,
    generators: "list[np.random.Generator]",
    stop_token: int | None,
) -> Iterator[Array]:
    """Read, choose, and read what was chosen; a row that has ended stays ended."""
    context = decoder.context_length
    ended = np.zeros(len(text), bool)
    unread = text if context is None else text[:, -context:]
    while True:
        stop_if_requested()
        if context is not None and decoder.length + unread.shape[1] > context:
            decoder.truncate(0)
            unread = text[:, -((context + 1) // 2) :]
        logits = to_numpy(decoder.step(unread).data)[:, -1]  # (B, V)
        tokens = sampling.choose(logits, text, generators)
        if stop_token is not None:
            tokens = np.where(ended, stop_token, tokens)
            ended |= tokens == stop_token
        yield tokens
        unread = tokens[:, None]
        text = np.concatenate([text, unread], axis=1)


def _sampling(sampling: Sampling | None, settings: dict[str, Any]) -> Sampling:
    """The sampling, with the settings that were given by name."""
    known = types_of(Sampling)
    for name in settings:
        if name not in known:
            raise unknown("generation", name, known)
    base = Sampling() if sampling is None else instance("sampling", sampling, Sampling)
    return replace(base, **settings)


def _prompts(ids: Any) -> Array:
    """The prompts as an array (B, T) of integers on the CPU."""
    array = to_numpy(ids_array(ids, CPU))
    array = array[None] if array.ndim == 1 else array
    if array.ndim != 2 or array.shape[1] == 0:
        raise InputError(
            "ids must hold one prompt (T) or several of one length (B, T), of at least one token; "
            f"got shape {tuple(array.shape)}."
        )
    return array.astype(np.int64) if array.dtype.kind in "iu" else array

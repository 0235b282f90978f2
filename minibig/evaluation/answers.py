"""What a model answers when it always takes the likeliest token: hundreds of prompts together.

Prompts of one length go through the model side by side, so no padding is needed and nothing in one
row can move another. A step through a cache costs little more for thirty rows than for one.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from minibig.backend import CPU, to_numpy
from minibig.backend.checks import iterable, refusal
from minibig.generation import LanguageModel, Sampling, generate
from minibig.nn.embedding import ids_array

_ROWS = 64  # prompts side by side; more would only take more memory


def greedy_answers(
    model: LanguageModel,
    prompts: Sequence[Sequence[int]],
    *,
    max_new_tokens: int,
    stop_token: int | None = None,
) -> list[list[int]]:
    """The tokens that follow each prompt, the likeliest one each time, in the order of the prompts.

    An answer ends before `stop_token`, or after `max_new_tokens`. It is what `generate` writes
    after the prompt alone at temperature 0.

    Raises:  InputError as `generate` does: for an empty prompt, or ids outside the vocabulary.

    >>> from minibig.models import GPT, GPTConfig
    >>> model = GPT(GPTConfig(vocab_size=9, context_length=8, n_layers=1, n_heads=1, d_model=4))
    >>> [len(answer) for answer in greedy_answers(model, [[1], [2, 3], [4]], max_new_tokens=5)]
    [5, 5, 5]
    """
    prompts = [_ids(prompt) for prompt in iterable("prompts", prompts, "prompts, lists of ids")]
    answers: list[list[int]] = [[] for _ in prompts]
    for places in _of_one_length(prompts):
        rows = np.array([prompts[place] for place in places])  # (B, T)
        written = generate(
            model,
            rows,
            max_new_tokens=max_new_tokens,
            stop_token=stop_token,
            sampling=Sampling(temperature=0),
        )
        for place, row in zip(places, written[:, rows.shape[1] :].tolist(), strict=True):
            answers[place] = row[: row.index(stop_token)] if stop_token in row else row
    return answers


def _ids(prompt: Any) -> list[int]:
    """A prompt as a list; its ids are checked by `generate`."""
    array = to_numpy(ids_array(prompt, CPU))
    if array.ndim != 1:
        raise refusal("a prompt", "a list of ids", prompt)
    ids: list[int] = array.tolist()
    return ids


def _of_one_length(prompts: Sequence[Sequence[int]]) -> list[list[int]]:
    """The places of the prompts, in groups of one length and at most `_ROWS` prompts."""
    by_length: dict[int, list[int]] = {}
    for place, prompt in enumerate(prompts):
        by_length.setdefault(len(prompt), []).append(place)
    return [
        places[first : first + _ROWS]
        for _, places in sorted(by_length.items())
        for first in range(0, len(places), _ROWS)
    ]

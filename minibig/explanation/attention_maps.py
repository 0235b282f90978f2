"""Where the heads of a model look while it reads.

Every attention layer is captured while the model computes, and asked for its weights at what came
in. Each row of a map is a distribution: how much a token takes from itself and from the others. A
weight says where a head has looked, not what it has made of it.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from minibig.backend import InputError, checks, to_numpy
from minibig.nn import Module, MultiHeadAttention, captured, evaluating


def attention_maps(model: Module, ids: Sequence[int]) -> np.ndarray:
    """The attention weights of every `MultiHeadAttention` of a model, while it reads `ids`.

    Shapes:  ids (T)  ->  (L, H, T, T): from the token of a row to the token of a column.
    Raises:  InputError for ids outside the vocabulary, or more than the context holds; if the
             model has no such layers, or layers of different shapes.

    >>> from minibig.models import GPT, GPTConfig
    >>> model = GPT(GPTConfig(vocab_size=9, context_length=8, n_layers=2, n_heads=2, d_model=4))
    >>> maps = attention_maps(model, [1, 2, 3])
    >>> maps.shape, bool(np.allclose(maps.sum(axis=-1), 1))
    ((2, 2, 3, 3), True)
    """
    if not len(ids):
        raise InputError("ids must hold at least one token; got none.")
    layers: dict[str, Any] = dict(model.named_modules())
    maps = []
    with evaluating(model):
        with captured(model, MultiHeadAttention) as seen:
            model([list(ids)])
        for path, calls in seen.items():
            for inputs, _ in calls:
                weights = layers[path].weights(*inputs[:2])  # x and bias; (1, H, T, T)
                maps.append(to_numpy(weights.data)[0])
    if len({each.shape for each in maps}) != 1:
        shapes = ", ".join(str(each.shape) for each in maps)
        raise InputError(f"maps of one shape (H, T, T) are needed; got {shapes or 'none'}.")
    return np.stack(maps)


def sharpest_heads(maps: np.ndarray, count: int) -> list[tuple[int, int]]:
    """The layers and heads that look most decidedly at single earlier tokens, sharpest first.

    Sharpness is the mean, over the tokens from the third on, of the largest weight on a token that
    is neither the token itself nor the first one, where heads rest that have nothing to look for.

    Shapes:  maps (L, H, T, T).
    Raises:  InputError if there are fewer than three tokens, or fewer heads than `count`.

    >>> look_back = np.eye(4, k=-1)
    >>> sharpest_heads(np.stack([[np.eye(4), look_back]]), 1)
    [(0, 1)]
    """
    maps = np.asarray(maps)
    if maps.ndim != 4 or maps.shape[2] != maps.shape[3]:
        raise InputError(f"maps must have shape (L, H, T, T); got {maps.shape}.")
    L, H, T, _ = maps.shape
    count = checks.whole("count", count)
    if T < 3 or not 0 < count <= L * H:
        raise InputError(
            f"heads are compared on at least 3 tokens, and there are {L * H} of them; got {T} "
            f"tokens and count = {count}."
        )
    elsewhere = maps.copy()  # (L, H, T, T)
    elsewhere[..., 0] = 0
    elsewhere[..., np.arange(T), np.arange(T)] = 0
    sharpness = elsewhere[..., 2:, :].max(axis=-1).mean(axis=-1)  # (L, H)
    order = np.argsort(-sharpness, axis=None, kind="stable")[:count]
    return [(int(place) // H, int(place) % H) for place in order]

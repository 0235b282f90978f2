"""Where the heads of a GPT look while it reads: the attention weights, computed again and kept.

    h = E[ids] + P;   weights of layer l = softmax(q kᵀ / √K) at h;   h = block_l(h)

Each row of a map is a distribution: how much a token takes from itself and from those before it.
A weight says where a head has looked, not what it has made of it.
"""

from collections.abc import Sequence

import numpy as np

from minibig.backend import InputError, to_numpy
from minibig.models import GPT
from minibig.nn import evaluating


def attention_maps(model: GPT, ids: Sequence[int]) -> np.ndarray:
    """The attention weights of every layer and head while the model reads `ids`.

    Shapes:  ids (T)  ->  (L, H, T, T): from the token of a row to the token of a column.
    Raises:  InputError for ids outside the vocabulary, or more than the context holds.

    >>> from minibig.models import GPTConfig
    >>> model = GPT(GPTConfig(vocab_size=9, context_length=8, n_layers=2, n_heads=2, d_model=4))
    >>> maps = attention_maps(model, [1, 2, 3])
    >>> maps.shape, bool(np.allclose(maps.sum(axis=-1), 1))
    ((2, 2, 3, 3), True)
    """
    if not len(ids):
        raise InputError("ids must hold at least one token; got none.")
    maps = []
    with evaluating(model):
        h = model.token_embedding([list(ids)]) + model.position_embedding(len(ids))  # (1, T, D)
        for block in model.blocks:
            weights = block.attention.weights(block.attention_norm(h))
            maps.append(to_numpy(weights.data)[0])  # (H, T, T)
            h = block(h)
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
    L, H, T, _ = maps.shape
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

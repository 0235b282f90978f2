"""Controls: models that cannot know anything, to be asked the same questions.

A score means little by itself; the score of a control shows how much of it comes from the questions
and from the way of counting, and not from what was learned.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from minibig.backend import generator, to_device, to_numpy
from minibig.nn import Module


@contextmanager
def shuffled_weights(model: Module, seed: int = 0) -> Iterator[None]:
    """Within it the entries of each weight tensor stand in a random order; then as before.

    Every tensor keeps its numbers, so also their size and spread: only their places, which are
    what was learned, are lost. The order is a function of the seed and of the tensor's name.

    >>> from minibig.nn import Linear
    >>> layer = Linear(3, 4)
    >>> before = layer.weight.numpy().copy()
    >>> with shuffled_weights(layer):
    ...     inside = layer.weight.numpy().copy()
    >>> bool((inside == before).all()), sorted(inside.flat) == sorted(before.flat)
    (False, True)
    >>> bool((layer.weight.numpy() == before).all())
    True
    """
    parameters = list(model.named_parameters())
    before = [to_numpy(parameter.data).copy() for _, parameter in parameters]
    try:
        for (name, parameter), learned in zip(parameters, before, strict=True):
            shuffled = generator(seed, "shuffled weights", name).permutation(learned.reshape(-1))
            parameter.assign(to_device(shuffled.reshape(learned.shape), parameter.device))
        yield
    finally:
        for (_, parameter), learned in zip(parameters, before, strict=True):
            parameter.assign(to_device(learned, parameter.device))

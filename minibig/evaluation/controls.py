"""Controls: models that cannot know anything, to be asked the same questions.

A score means little by itself; the score of a control shows how much of it comes from the questions
and from the way of counting, and not from what was learned.
"""

from contextlib import ContextDecorator

from minibig.backend import Array, generator, to_device, to_numpy
from minibig.backend.checks import instance, whole
from minibig.nn import Module, Parameter


class shuffled_weights(ContextDecorator):
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

    def __init__(self, model: Module, seed: int = 0):
        self._model = instance("model", model, Module)
        self._seed = whole("seed", seed)
        self._before: list[list[tuple[Parameter, Array]]] = []

    def __enter__(self) -> None:
        parameters = list(self._model.named_parameters())
        self._before.append([(p, to_numpy(p.data).copy()) for _, p in parameters])
        try:
            for name, parameter in parameters:
                draw = generator(self._seed, "shuffled weights", name)
                shuffled = draw.permutation(to_numpy(parameter.data).reshape(-1))
                parameter.assign(to_device(shuffled.reshape(parameter.shape), parameter.device))
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *error: object) -> None:
        try:
            self._restore()
        except BaseException:  # Ctrl-C, within the few milliseconds that this takes
            self._restore()
            raise
        self._before.pop()

    def _restore(self) -> None:
        for parameter, learned in self._before[-1]:
            parameter.assign(to_device(learned, parameter.device))

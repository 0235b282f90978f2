"""The command, with less of the world: a few documents, questions and dialogues of it.

`python -m recipes.small_quickstart quickstart ...` is `minibig quickstart ...` within seconds.
"""

import contextlib
import sys
from unittest import mock

from minibig.cli import main
from minibig.data import World, corpora
from minibig.recipes import quickstart_run


class SmallWorld(World):
    def documents(self, n_bytes=60_000):
        return super().documents(n_bytes)

    def questions(self, language, split):
        return super().questions(language, split)[:2]

    def dialogues(self, language=None):
        # Without a language it asks itself for each of them.
        return super().dialogues(language)[:: 100 if language else 1]


@contextlib.contextmanager
def small_world(world=SmallWorld):
    """The command knows this world, and as its text the few documents."""
    documents = lambda: (text for _, text in SmallWorld().documents())
    with (
        mock.patch.dict(corpora.CORPORA, world=documents),
        mock.patch.object(quickstart_run, "World", world),
    ):
        yield


if __name__ == "__main__":
    with small_world():
        sys.exit(main())

"""The command, with less of the world: a few documents, questions and dialogues of it.

`python -m recipes.small_quickstart quickstart ...` is `minibig quickstart ...` within seconds.
"""

import sys

from minibig.cli import main
from minibig.data import World, corpora
from minibig.recipes import quickstart_run, text


class SmallWorld(World):
    def documents(self, n_bytes=60_000):
        return super().documents(n_bytes)

    def questions(self, language, split):
        return super().questions(language, split)[:6]

    def dialogues(self, language=None):
        # Without a language it asks itself for each of them.
        return super().dialogues(language)[:: 100 if language else 1]


if __name__ == "__main__":
    corpora.CORPORA["world"] = lambda: (text for _, text in SmallWorld().documents())
    text.World = quickstart_run.World = SmallWorld
    sys.exit(main())

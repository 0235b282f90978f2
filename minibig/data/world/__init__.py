"""The corpus "world": a closed small world, told and asked about in English and in Chinese.

Read in this order: facts, wording, english, chinese, grammar, composition, world.
"""

from minibig.data.world.wording import Turn
from minibig.data.world.world import LANGUAGES, SPLITS, World, world_documents

__all__ = ["LANGUAGES", "SPLITS", "Turn", "World", "world_documents"]

"""Looking into a model: where attention goes, as numbers and as pictures.

Read in this order: attention_maps (the weights of every head), pictures (how they are drawn).
"""

from minibig.explanation.attention_maps import attention_maps, sharpest_heads
from minibig.explanation.pictures import attention_picture

__all__ = ["attention_maps", "attention_picture", "sharpest_heads"]

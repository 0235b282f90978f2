"""Looking into a model: where the heads of its attention look.

How that is drawn is in `minibig/pictures`.
"""

from minibig.explanation.attention_maps import attention_maps, sharpest_heads

__all__ = ["attention_maps", "sharpest_heads"]

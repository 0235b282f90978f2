"""Looking into a model: where the heads of its attention look.

How that is drawn is in `minibig/pictures`.
"""

from typing import TYPE_CHECKING

from minibig.other_names import hints as _hints
from minibig.explanation.attention_maps import attention_maps, sharpest_heads

__all__ = ["attention_maps", "sharpest_heads"]

if not TYPE_CHECKING:  # a type checker knows what there is
    __getattr__ = _hints(__name__, __all__)

"""Models: one file each, from its equations to its layers."""

from typing import TYPE_CHECKING

from minibig.other_names import hints as _hints
from minibig.models.decoder import CachedDecoder
from minibig.models.gpt import GPT, GPTConfig, GPTSizes

__all__ = ["GPT", "CachedDecoder", "GPTConfig", "GPTSizes"]

if not TYPE_CHECKING:  # a type checker knows what there is
    __getattr__ = _hints(__name__, __all__)

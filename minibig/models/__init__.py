"""Models: one file each, from its equations to its layers."""

from minibig.models.decoder import CachedDecoder
from minibig.models.gpt import GPT, GPTConfig, GPTSizes

__all__ = ["GPT", "CachedDecoder", "GPTConfig", "GPTSizes"]

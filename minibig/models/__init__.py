"""Models: one file each, from its equations to its layers."""

from minibig.models.gpt import GPT, GPTConfig

__all__ = ["GPT", "GPTConfig"]

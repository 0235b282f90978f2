"""Writing with a language model: how tokens are chosen, and the loop that writes them.

Read in this order: sampling, decoding, text.
"""

from minibig.generation.decoding import Decoder, LanguageModel, generate, stream
from minibig.generation.sampling import (
    Sampling,
    draw,
    keep_top_k,
    keep_top_p,
    penalize_repetition,
    probabilities,
    scale_temperature,
)
from minibig.generation.text import stream_text

__all__ = [
    "Decoder",
    "LanguageModel",
    "Sampling",
    "draw",
    "generate",
    "keep_top_k",
    "keep_top_p",
    "penalize_repetition",
    "probabilities",
    "scale_temperature",
    "stream",
    "stream_text",
]

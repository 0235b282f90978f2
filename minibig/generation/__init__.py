"""Writing with a language model: how tokens are chosen, and the loop that writes them.

Read in this order: sampling, decoding, text.
"""

from typing import TYPE_CHECKING

from minibig.other_names import hints as _hints
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

if not TYPE_CHECKING:  # a type checker knows what there is
    __getattr__ = _hints(__name__, __all__)

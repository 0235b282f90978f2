"""Writing with a language model: how tokens are chosen, and the loop that writes them.

Read in this order: sampling, decoding, text.
"""

from typing import TYPE_CHECKING

from minibig.contents import contents as _contents

if TYPE_CHECKING:  # each name comes from its module when it is first asked for
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
else:
    __getattr__ = _contents(__name__, __file__)

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

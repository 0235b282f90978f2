"""How good a model is: its answers compared with the right ones, and with those of a control.

Read in this order: losses (how well it predicts), answers (what it answers), scores (how many
of them are right), controls (what of it was learned).
"""

from typing import TYPE_CHECKING

from minibig.contents import contents as _contents

if TYPE_CHECKING:  # each name comes from its module when it is first asked for
    from minibig.evaluation.controls import shuffled_weights
    from minibig.evaluation.scores import exact_match
    from minibig.evaluation.answers import greedy_answers
    from minibig.evaluation.losses import bits_per_byte, mean_loss, perplexity
else:
    __getattr__ = _contents(__name__, __file__)

__all__ = [
    "bits_per_byte",
    "exact_match",
    "greedy_answers",
    "mean_loss",
    "perplexity",
    "shuffled_weights",
]

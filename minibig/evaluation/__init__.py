"""How good a model is: its answers compared with the right ones, and with those of a control.

Read in this order: greedy_answers (what a model answers), exact_match (how many are right),
controls (what of it was learned).
"""

from minibig.evaluation.controls import shuffled_weights
from minibig.evaluation.scores import exact_match
from minibig.evaluation.answers import greedy_answers

__all__ = ["exact_match", "greedy_answers", "shuffled_weights"]

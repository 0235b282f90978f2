"""What a model is trained for: functions of a model and a batch that return a scalar loss.

    loss = next_token_loss(model, batches.batch(7))

`Trainer` takes such a function; `mean_loss` measures it over many batches.
"""

from typing import TYPE_CHECKING

from minibig.other_names import hints as _hints
from minibig.objectives.answers import answer_loss
from minibig.objectives.next_token import next_token_loss

__all__ = ["answer_loss", "next_token_loss"]

if not TYPE_CHECKING:  # a type checker knows what there is
    __getattr__ = _hints(__name__, __all__)

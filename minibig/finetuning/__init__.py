"""Fine-tuning: a model that has read much learns a task from examples of it.

Read in this order: dialogue_batches (what it sees of dialogues), answer_loss (what it learns from
them), answering (what it can do then).
"""

from minibig.finetuning.answer_loss import AnswerLoss, answer_loss, mean_answer_loss
from minibig.finetuning.answering import answers_to, conversation, fitting_prompt
from minibig.finetuning.dialogue_batches import DialogueBatches

__all__ = [
    "AnswerLoss",
    "DialogueBatches",
    "answer_loss",
    "answers_to",
    "conversation",
    "fitting_prompt",
    "mean_answer_loss",
]

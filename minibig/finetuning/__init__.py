"""Fine-tuning: a model that has read much learns a task from examples of it."""

from minibig.finetuning.answer_loss import AnswerLoss, answer_loss, mean_answer_loss

__all__ = ["AnswerLoss", "answer_loss", "mean_answer_loss"]

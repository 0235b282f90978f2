"""A model that has learned dialogues answers: many separate questions, or a whole conversation."""

from collections.abc import Sequence
from typing import Any

from minibig.backend import InputError
from minibig.data import Turn, dialogue_tokens, prompt_ids
from minibig.evaluation import greedy_answers
from minibig.tokenizers import Tokenizer


def answers_to(
    model: Any, tokenizer: Tokenizer, questions: Sequence[str], *, max_new_tokens: int
) -> list[str]:
    """The answer to each question, asked by itself; at each token the likeliest is taken.

    Raises:  InputError if the tokenizer lacks the special tokens of dialogues.
    """
    found = greedy_answers(
        model,
        [prompt_ids(tokenizer, (), question) for question in questions],
        max_new_tokens=max_new_tokens,
        stop_token=dialogue_tokens(tokenizer)[2],
    )
    return [tokenizer.decode(ids) for ids in found]


def conversation(
    model: Any, tokenizer: Tokenizer, questions: Sequence[str], *, max_new_tokens: int
) -> list[Turn]:
    """The questions asked one after the other, each with the turns before it, and the answers.

    Turns that would leave no room for an answer of `max_new_tokens` are forgotten, the oldest
    first. An answer ends with the context at the latest.

    Raises:  InputError for a question that fills the context by itself.
    """
    turns: list[Turn] = []
    end, context_length = dialogue_tokens(tokenizer)[2], model.config.context_length
    for question in questions:
        prompt = _prompt_with_room(tokenizer, turns, question, context_length - max_new_tokens)
        room = context_length - len(prompt)
        if room < 1:
            raise InputError(
                f"a question must leave room for an answer in the context of {context_length} "
                f"tokens; got one of {len(prompt)}. Ask a shorter one."
            )
        [ids] = greedy_answers(
            model, [prompt], max_new_tokens=min(max_new_tokens, room), stop_token=end
        )
        turns.append((question, tokenizer.decode(ids)))
    return turns


def _prompt_with_room(
    tokenizer: Tokenizer, turns: Sequence[Turn], question: str, most: int
) -> list[int]:
    """The prompt with as many of the last turns as fit into `most` tokens, or with none."""
    for forgotten in range(len(turns)):
        prompt = prompt_ids(tokenizer, turns[forgotten:], question)
        if len(prompt) <= most:
            return prompt
    return prompt_ids(tokenizer, (), question)

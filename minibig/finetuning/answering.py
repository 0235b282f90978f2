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

    Turns for which the context has no room any more are forgotten, the oldest first.

    Raises:  InputError for a question that does not fit into the context by itself.
    """
    turns: list[Turn] = []
    end = dialogue_tokens(tokenizer)[2]
    for question in questions:
        prompt = _fitting_prompt(model, tokenizer, turns, question, max_new_tokens)
        [ids] = greedy_answers(model, [prompt], max_new_tokens=max_new_tokens, stop_token=end)
        turns.append((question, tokenizer.decode(ids)))
    return turns


def _fitting_prompt(
    model: Any, tokenizer: Tokenizer, turns: Sequence[Turn], question: str, max_new_tokens: int
) -> list[int]:
    """The prompt with as many of the last turns as leave room for an answer."""
    room = model.config.context_length - max_new_tokens
    for forgotten in range(len(turns) + 1):
        prompt = prompt_ids(tokenizer, turns[forgotten:], question)
        if len(prompt) <= room:
            return prompt
    raise InputError(
        f"the question has {len(prompt)} tokens; with an answer of up to {max_new_tokens} only "
        f"{room} fit into the context. Ask a shorter one."
    )

"""A model that has learned dialogues answers: many separate questions, or a whole conversation."""

from collections.abc import Callable, Sequence
from functools import partial
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
        prompt, _ = fitting_prompt(
            partial(prompt_ids, tokenizer),
            turns,
            question,
            context_length=context_length,
            room=max_new_tokens,
        )
        most = min(max_new_tokens, context_length - len(prompt))
        [ids] = greedy_answers(model, [prompt], max_new_tokens=most, stop_token=end)
        turns.append((question, tokenizer.decode(ids)))
    return turns


def fitting_prompt(
    prompt: Callable[[Sequence[Turn], str], list[int]],
    turns: Sequence[Turn],
    question: str,
    *,
    context_length: int,
    room: int,
) -> tuple[list[int], int]:
    """The ids that ask the question after as many turns as fit, and how many had to be forgotten.

    Whole turns go, the oldest first, until `room` tokens of the context are left for an answer; a
    question alone may leave fewer, but at least one. `prompt` makes the ids.

    Raises:  InputError if the question alone fills the context.

    >>> def prompt(turns, question):
    ...     return [len(said) for turn in turns for said in turn] + [len(question)]
    >>> turns = [("Hi.", "Hello."), ("Who?", "Me.")]
    >>> fitting_prompt(prompt, turns, "Where?", context_length=8, room=4)
    ([4, 3, 6], 1)
    """
    alone = len(prompt((), question))
    if alone >= context_length:
        raise InputError(
            f"the question must leave room for an answer in the context of {context_length} "
            f"tokens; with what marks it as a question it has {alone}. Ask a shorter one."
        )
    forgotten = 0
    ids = prompt(turns, question)
    while forgotten < len(turns) and len(ids) + room > context_length:
        forgotten += 1
        ids = prompt(turns[forgotten:], question)
    return ids, forgotten

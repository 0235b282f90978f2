"""Dialogues as token ids: who speaks is said by special tokens, which no user can type.

    <|user|> question <|assistant|> answer <|end|>      and so on, turn after turn

A model that goes on after <|assistant|> answers, and says with <|end|> that it has finished. While
it learns, the loss looks at the answers and their ends only: what a user says is given, not
predicted.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

from minibig.backend import InputError
from minibig.tokenizers import Tokenizer

USER, ASSISTANT, END = "<|user|>", "<|assistant|>", "<|end|>"
DIALOGUE_TOKENS = (USER, ASSISTANT, END)

Turn: TypeAlias = tuple[str, str]  # a question and its answer


def speaks_dialogue(tokenizer: Tokenizer) -> bool:
    """Whether the tokenizer has the special tokens of dialogues.

    >>> from minibig.tokenizers import ByteLevelBPE
    >>> speaks_dialogue(ByteLevelBPE.train("low lower", vocab_size=300))
    False
    """
    return set(DIALOGUE_TOKENS) <= set(getattr(tokenizer, "special_tokens", ()))


def dialogue_ids(tokenizer: Tokenizer, turns: Sequence[Turn]) -> tuple[list[int], list[bool]]:
    """The ids of a dialogue, and for each of them whether it belongs to an answer or is its end.

    Raises:  InputError if the tokenizer lacks the special tokens of dialogues.

    >>> from minibig.tokenizers import ByteLevelBPE
    >>> tokenizer = ByteLevelBPE.train("yes no", vocab_size=259, special_tokens=DIALOGUE_TOKENS)
    >>> dialogue_ids(tokenizer, [("A", "B")])
    ([256, 32, 257, 33, 258], [False, False, False, True, True])
    """
    _, _, end = dialogue_tokens(tokenizer)
    ids: list[int] = []
    answers: list[bool] = []
    for question, answer in turns:
        asked = prompt_ids(tokenizer, (), question)
        answered = [*tokenizer.encode(answer), end]
        ids += asked + answered
        answers += [False] * len(asked) + [True] * len(answered)
    return ids, answers


def prompt_ids(tokenizer: Tokenizer, turns: Sequence[Turn], question: str) -> list[int]:
    """The ids after which a model answers the question, given the turns before it.

    >>> from minibig.tokenizers import ByteLevelBPE
    >>> tokenizer = ByteLevelBPE.train("yes no", vocab_size=259, special_tokens=DIALOGUE_TOKENS)
    >>> prompt_ids(tokenizer, [], "A")
    [256, 32, 257]
    """
    user, assistant, _ = dialogue_tokens(tokenizer)
    before = dialogue_ids(tokenizer, turns)[0] if turns else []
    return [*before, user, *tokenizer.encode(question), assistant]


def dialogue_tokens(tokenizer: Tokenizer) -> tuple[int, int, int]:
    """The ids of <|user|>, <|assistant|> and <|end|>.

    Raises:  InputError if the tokenizer lacks them.
    """
    if not speaks_dialogue(tokenizer):
        raise InputError(
            f"a dialogue needs a tokenizer with the special tokens {', '.join(DIALOGUE_TOKENS)}; "
            "this one lacks them. Train one with special_tokens=(END_OF_TEXT, *DIALOGUE_TOKENS)."
        )
    vocabulary: dict[str, Any] = tokenizer.vocabulary  # type: ignore[attr-defined]
    return vocabulary[USER], vocabulary[ASSISTANT], vocabulary[END]

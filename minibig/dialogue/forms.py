"""A dialogue as token ids: in the special tokens that a model was taught, or as a transcript.

    <|user|> question <|assistant|> answer <|end|>      and so on, turn after turn

A model that was fine-tuned on dialogues answers after <|assistant|>, and says with <|end|> that it
has finished. Text never becomes one of these tokens, so no user can type them. Any other model only
goes on with text: it is given a transcript of a conversation, and its answer ends where it begins
to write the user's next line.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Protocol

from minibig.backend import InputError
from minibig.backend.checks import iterable, refusal
from minibig.data import Turn
from minibig.tokenizers import Tokenizer

USER, ASSISTANT, END = "<|user|>", "<|assistant|>", "<|end|>"
DIALOGUE_TOKENS = (USER, ASSISTANT, END)


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
    for question, answer in checked_turns(turns):
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


def checked_turns(turns: Any) -> list[Turn]:
    """The turns as pairs of texts, a question and its answer each.

    >>> checked_turns([{"user": "Hi", "assistant": "Hello"}])
    Traceback (most recent call last):
    minibig.backend.errors.InputError: a turn must be a pair (question, answer) of texts; got \
{'user': 'Hi', 'assistant': 'Hello'}.
    """
    found = list(iterable("turns", turns, "pairs (question, answer)"))
    for turn in found:
        pair = isinstance(turn, tuple | list) and len(turn) == 2
        if not (pair and all(isinstance(said, str) for said in turn)):
            raise refusal("a turn", "a pair (question, answer) of texts", turn)
    return [(question, answer) for question, answer in found]


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


class DialogueForm(Protocol):
    """A way to ask: the ids after which the model answers, and what ends the answer."""

    tokenizer: Tokenizer
    stop_tokens: frozenset[int]

    def prompt(self, turns: Sequence[Turn], question: str) -> list[int]:
        """The ids after which the model answers."""
        ...

    def answer(self, pieces: Iterable[str]) -> Iterator[str]:
        """The answer in what the model writes."""
        ...


class TaughtDialogue:
    """The special tokens of dialogues: any of them ends an answer, and so does the end of text.

    >>> from minibig.tokenizers import ByteLevelBPE
    >>> tokenizer = ByteLevelBPE.train("yes no", vocab_size=259, special_tokens=DIALOGUE_TOKENS)
    >>> TaughtDialogue(tokenizer).prompt([], "A")
    [256, 32, 257]
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        ends = {*dialogue_tokens(tokenizer), tokenizer.end_of_text}
        self.stop_tokens = frozenset(token for token in ends if token is not None)

    def prompt(self, turns: Sequence[Turn], question: str) -> list[int]:
        """The ids up to <|assistant|>."""
        return prompt_ids(self.tokenizer, turns, question)

    def answer(self, pieces: Iterable[str]) -> Iterator[str]:
        """All of it: the end is a token of its own."""
        yield from pieces


class Transcript:
    """A text in which User and Assistant take turns, for a model that only goes on with text.

    Raises:  InputError if the tokenizer cannot write one.

    >>> from minibig.tokenizers import Characters
    >>> form = Transcript(Characters.train("User: Assistant: \\n Hi?"))
    >>> form.tokenizer.decode(form.prompt([("Hi", "Hi Hi")], "Hi?"))
    'User: Hi\\nAssistant: Hi Hi\\nUser: Hi?\\nAssistant:'
    """

    _USER, _ASSISTANT = "User:", "\nAssistant:"

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer
        self.stop_tokens = frozenset(
            [] if tokenizer.end_of_text is None else [tokenizer.end_of_text]
        )
        try:
            tokenizer.encode(self._USER + self._ASSISTANT)
        except InputError as error:
            raise InputError(
                "this model cannot hold a conversation: its tokenizer cannot write the words User "
                "and Assistant. Let it go on with a text: minibig generate."
            ) from error

    def prompt(self, turns: Sequence[Turn], question: str) -> list[int]:
        """The ids of the transcript up to the answer."""
        told = checked_turns(turns)
        said = "".join(f"{self._USER} {q}{self._ASSISTANT} {a}\n" for q, a in told)
        return self.tokenizer.encode(f"{said}{self._USER} {question}{self._ASSISTANT}")

    def answer(self, pieces: Iterable[str]) -> Iterator[str]:
        """What comes before the user's next line."""
        return until(f"\n{self._USER}", pieces)


def dialogue_form(tokenizer: Tokenizer) -> DialogueForm:
    """The form that fits: dialogue tokens where the tokenizer has them, else a transcript."""
    return TaughtDialogue(tokenizer) if speaks_dialogue(tokenizer) else Transcript(tokenizer)


def until(mark: str, pieces: Iterable[str]) -> Iterator[str]:
    """The pieces of a text up to a mark; what may become the mark waits until it is known.

    >>> list(until("\\nUser:", ["Yes.", "\\nUs", "ed.\\n", "User: And", " then?"]))
    ['Yes.', '', '\\nUsed.', '']
    """
    waiting = ""
    for piece in pieces:
        before, found, _ = (waiting + piece).partition(mark)
        if found:
            yield before
            return
        n = next(n for n in range(len(mark) - 1, -1, -1) if before.endswith(mark[:n]))
        waiting = before[len(before) - n :]
        yield before[: len(before) - n]
    yield waiting

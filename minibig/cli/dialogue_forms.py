"""How a conversation is put to a model: in the tokens it was taught, or as a transcript.

A model that was fine-tuned on dialogues has special tokens for who speaks and for the end of an
answer. Any other model only goes on with text; what comes nearest to a conversation is a transcript
of one, and its answer ends where it begins to write the user's next line.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from minibig.backend import InputError
from minibig.data import Turn, dialogue_tokens, prompt_ids, speaks_dialogue
from minibig.tokenizers import Tokenizer


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

    >>> from minibig.data import DIALOGUE_TOKENS
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
        said = "".join(f"{self._USER} {q}{self._ASSISTANT} {a}\n" for q, a in turns)
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

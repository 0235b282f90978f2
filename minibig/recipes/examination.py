"""A model is asked questions: those it was trained on, and those it has to work out.

Its answers are compared with the right ones, letter by letter. Beside them stand two scores that
need no understanding: that of the same weights in a random order, and that of whoever always gives
the commonest answer.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeAlias

from minibig.backend import checks
from minibig.data import Turn, World
from minibig.dialogue import answers_in_turn, answers_to
from minibig.evaluation import exact_match, shuffled_weights
from minibig.files import read_json
from minibig.recipes.folder import damage_told
from minibig.settings import Settings, required, setting
from minibig.tokenizers import Tokenizer

LANGUAGE_NAMES = {"en": "English", "zh": "Chinese"}
SPLIT_NAMES = {"trained": "trained", "held_out": "held out"}
CONTROLS = {"control": "shuffled weights", "majority": "commonest answer"}
ARTICLE_GREETING = "你好，我是一个人工智能聊天机器人。请问你有什么问题？"

_LONGEST_REMARK = 48  # tokens of an answer in the conversation

Shares: TypeAlias = dict[str, float]  # trained, held_out, control, majority: from 0 to 1


@dataclass(frozen=True, kw_only=True)
class Asked(Settings):
    """A question, the right answer, the model's, and that of its weights in a random order."""

    question: str = required("the question")
    expected: str = required("the right answer")
    answer: str = required("the answer of the model")
    control: str = required("the answer of its shuffled weights")

    @property
    def right(self) -> bool:
        """Whether the model's answer is the right one."""
        return self.answer.strip() == self.expected.strip()


@dataclass(frozen=True, kw_only=True)
class Examination(Settings):
    """What a model was asked and what it answered: the content of examination.json."""

    model_sha256: str = setting("", "the hash of the model that was asked")
    answers: dict[str, Shares] = setting({}, "language -> shares of right answers", least=0, most=1)
    commonest_answers: dict[str, str] = setting({}, "language -> the commonest right answer")
    asked: dict[str, dict[str, tuple[Asked, ...]]] = setting({}, "language -> split -> questions")
    conversation: tuple[tuple[str, str], ...] = setting((), "remarks and replies")

    @classmethod
    def read(cls, path: Path) -> Self:
        """The content of a file.

        Raises:  StorageError that names the file and what is wrong with it.
        """
        content = read_json(path, shape=_SHAPE)
        with damage_told(path, "an examination", "Remove it, and the questions are asked again."):
            return cls.of(content)


def _questions(name: str, value: object) -> None:
    """Refuse what is no list of at least one question."""
    if not checks.instance(name, value, list):
        raise checks.refusal(name, "at least one question", value)


_SHAPE = {
    "answers": {
        language: dict.fromkeys((*SPLIT_NAMES, *CONTROLS), float) for language in LANGUAGE_NAMES
    },
    "asked": {language: dict.fromkeys(SPLIT_NAMES, _questions) for language in LANGUAGE_NAMES},
    ...: object,
}


def examine(
    model: Any, tokenizer: Tokenizer, world: World, say: Callable[[str], None] = print
) -> Examination:
    """What a model answers to the questions of a world, what share is right, and a conversation."""
    asked: dict[str, dict[str, tuple[Asked, ...]]] = {}
    shares: dict[str, Shares] = {}
    say(heading())
    for language in LANGUAGE_NAMES:
        questions = {split: world.questions(language, split) for split in SPLIT_NAMES}
        asked[language] = _answered(model, tokenizer, questions)
        shares[language] = _shares(asked[language], world.majority_answer(language))
        say(row(language, shares[language]))
    talk = answers_in_turn(model, tokenizer, _remarks(world), max_new_tokens=_LONGEST_REMARK)
    return Examination(
        answers=shares,
        commonest_answers={
            language: world.majority_answer(language) for language in LANGUAGE_NAMES
        },
        asked=asked,
        conversation=tuple(talk),
    )


def heading() -> str:
    """The names of what `row` shows: 80 columns, as a terminal has."""
    names = (*SPLIT_NAMES.values(), *CONTROLS.values())
    return f"{'answers right':13}" + "".join(f"{name:>{max(10, len(name) + 2)}}" for name in names)


def row(language: str, shares: Shares) -> str:
    """The shares of one language, for a terminal.

    >>> row("en", {"trained": 0.99, "held_out": 0.5, "control": 0.0, "majority": 0.125})
    'English         99.0 %    50.0 %             0.0 %            12.5 %'
    """
    names = {**SPLIT_NAMES, **CONTROLS}
    cells = [
        f"{shares[key]:.1%}".replace("%", " %").rjust(max(10, len(name) + 2))
        for key, name in names.items()
    ]
    return f"{LANGUAGE_NAMES[language]:13}" + "".join(cells)


def _answered(
    model: Any, tokenizer: Tokenizer, questions: dict[str, list[Turn]]
) -> dict[str, tuple[Asked, ...]]:
    """Every question with the right answer, the model's, and that of its shuffled weights."""
    turns = [turn for group in questions.values() for turn in group]
    # Longer than the longest right answer can only be wrong, so its end need not be waited for.
    longest = max(len(tokenizer.encode(answer)) for _, answer in turns) + 1

    def answers() -> list[str]:
        return answers_to(model, tokenizer, [q for q, _ in turns], max_new_tokens=longest)

    found = answers()
    with shuffled_weights(model):
        control = answers()
    lines = iter(
        Asked(question=question, expected=expected, answer=answer, control=shuffled)
        for (question, expected), answer, shuffled in zip(turns, found, control, strict=True)
    )
    return {split: tuple(next(lines) for _ in group) for split, group in questions.items()}


def _shares(asked: dict[str, tuple[Asked, ...]], commonest: str) -> Shares:
    """How much of each kind is right; the controls are counted over all questions."""
    everything = [line for group in asked.values() for line in group]
    expected = [line.expected for line in everything]
    return {
        **{split: _right(group, "answer") for split, group in asked.items()},
        "control": _right(everything, "control"),
        "majority": exact_match([commonest] * len(expected), expected),
    }


def _right(lines: Sequence[Asked], who: str) -> float:
    return exact_match([getattr(line, who) for line in lines], [line.expected for line in lines])


def _remarks(world: World) -> list[str]:
    """What is said in the conversation: greetings, and questions of each kind and language."""
    english = [world.questions("en", split)[0][0] for split in SPLIT_NAMES]
    chinese = [world.questions("zh", split)[-1][0] for split in SPLIT_NAMES]
    return [world.greetings("en")[0][0], *english, ARTICLE_GREETING, *chinese]

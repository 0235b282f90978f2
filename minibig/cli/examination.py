"""A model is asked questions: those it was trained on, and those it has to work out.

Its answers are compared with the right ones, letter by letter. Beside them stand two scores that
need no understanding: that of the same weights in a random order, and that of whoever always gives
the commonest answer.
"""

from collections.abc import Sequence
from typing import Any, TypeAlias

from minibig.cli.console import say
from minibig.data import Turn, World
from minibig.dialogue import answers_in_turn, answers_to
from minibig.evaluation import exact_match, shuffled_weights
from minibig.tokenizers import Tokenizer

LANGUAGES = {"en": "English", "zh": "Chinese"}
SPLITS = {"trained": "trained", "held_out": "held out"}
CONTROLS = {"control": "shuffled weights", "majority": "commonest answer"}
ARTICLE_GREETING = "你好，我是一个人工智能聊天机器人。请问你有什么问题？"

_LONGEST_REMARK = 48  # tokens of an answer in the conversation

Shares: TypeAlias = dict[str, float]  # trained, held_out, control, majority: from 0 to 1


def examine(model: Any, tokenizer: Tokenizer, world: World) -> dict[str, Any]:
    """What a model answers to the questions of a world, what share is right, and a conversation."""
    asked: dict[str, dict[str, list[dict[str, str]]]] = {}
    shares: dict[str, Shares] = {}
    say(heading())
    for language in LANGUAGES:
        questions = {split: world.questions(language, split) for split in SPLITS}
        asked[language] = _answered(model, tokenizer, questions)
        shares[language] = _shares(asked[language], world.majority_answer(language))
        say(row(language, shares[language]))
    return {
        "answers": shares,
        "commonest_answers": {language: world.majority_answer(language) for language in LANGUAGES},
        "asked": asked,
        "conversation": answers_in_turn(
            model, tokenizer, _remarks(world), max_new_tokens=_LONGEST_REMARK
        ),
    }


def heading() -> str:
    """The names of what `row` shows."""
    return f"{'answers right':14}" + "".join(
        f"{n:>18}" for n in (*SPLITS.values(), *CONTROLS.values())
    )


def row(language: str, shares: Shares) -> str:
    """The shares of one language, for a terminal.

    >>> row("en", {"trained": 0.99, "held_out": 0.5, "control": 0.0, "majority": 0.125})
    'English                   99.0 %            50.0 %             0.0 %            12.5 %'
    """
    percent = "".join(f"{shares[name]:>16.1%}".replace("%", " %") for name in (*SPLITS, *CONTROLS))
    return f"{LANGUAGES[language]:14}{percent}"


def _answered(
    model: Any, tokenizer: Tokenizer, questions: dict[str, list[Turn]]
) -> dict[str, list[dict[str, str]]]:
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
        {"question": question, "expected": expected, "answer": answer, "control": senseless}
        for (question, expected), answer, senseless in zip(turns, found, control, strict=True)
    )
    return {split: [next(lines) for _ in group] for split, group in questions.items()}


def _shares(asked: dict[str, list[dict[str, str]]], commonest: str) -> Shares:
    """How much of each kind is right; the controls are counted over all questions."""
    everything = [line for group in asked.values() for line in group]
    expected = [line["expected"] for line in everything]
    return {
        **{split: _right(group, "answer") for split, group in asked.items()},
        "control": _right(everything, "control"),
        "majority": exact_match([commonest] * len(expected), expected),
    }


def _right(lines: Sequence[dict[str, str]], who: str) -> float:
    return exact_match([line[who] for line in lines], [line["expected"] for line in lines])


def _remarks(world: World) -> list[str]:
    """What is said in the conversation: greetings, and questions of each kind and language."""
    english = [world.questions("en", split)[0][0] for split in SPLITS]
    chinese = [world.questions("zh", split)[-1][0] for split in SPLITS]
    return [world.greetings("en")[0][0], *english, ARTICLE_GREETING, *chinese]

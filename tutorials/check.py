"""Check answers to the exercises, from a notebook or from a file.

In a chapter, run as a script or opened as a notebook:

    from check import check, hint, solution

    @check("05.1")                # says whether the function is right, and if not, what happened
    def perceptron_update(...):
        ...

    hint("05.1")                  # a nudge
    solution("05.1")              # one way to do it

On the command line, with all your functions in one file, each under the name of its exercise:

    python tutorials/check.py my_answers.py
"""

import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

from chapter import accept_any_text
from exercises.exercise import all_exercises, exercise_of, judge, source_of_solution

from minibig.backend import InputError

Answer: TypeAlias = Callable[..., Any]


def check(number: str, answer: Answer | None = None) -> Any:
    """Print whether the answer is right, and if not, why; returns that.

    Without an answer it is a decorator, which leaves the function as it is.
    """
    if answer is None:

        def checked(written: Answer) -> Answer:
            check(number, written)
            return written

        return checked
    wrong = judge(number, answer)
    verdict = "right." if wrong is None else f'not yet: {_sentence(wrong)} hint("{number}") helps.'
    print(f"{number} {exercise_of(number).name}: {verdict}")
    return wrong is None


def _sentence(text: str) -> str:
    """The text with a full stop, where it ends in no mark of its own."""
    return text if text.endswith((".", "!", "?")) else f"{text}."


def hint(number: str) -> None:
    """Print the hint of an exercise."""
    print(f"{number}: {exercise_of(number).hint}")


def solution(number: str) -> None:
    """Print one way to do an exercise."""
    exercise_of(number)
    print(source_of_solution(number))


def check_file(path: str) -> int:
    """Check every function of a file that has the name of an exercise; returns how many fail."""
    numbers = {task.name: task.number for task in all_exercises().values()}
    try:
        answers = runpy.run_path(path, run_name="answers")
    except Exception as error:  # whatever stands in the learner's file
        raise InputError(f"{path} cannot be run: {type(error).__name__}: {error}.") from error
    found = [name for name in answers if name in numbers]
    if not found:
        names = ", ".join(numbers)
        raise InputError(f"{path} has no function with the name of an exercise: {names}.")
    return sum(not check(numbers[name], answers[name]) for name in found)


def main(arguments: list[str]) -> int:
    """The command."""
    accept_any_text()
    if len(arguments) == 1 and not Path(arguments[0]).is_file():
        raise SystemExit(f"{arguments[0]} is no file. Give the Python file with your answers.")
    if len(arguments) != 1:
        raise SystemExit("usage: python tutorials/check.py FILE, a Python file with your answers.")
    try:
        return min(check_file(arguments[0]), 1)
    except InputError as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

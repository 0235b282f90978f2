"""What an exercise is, and how an answer is judged.

    @exercise("05.1", hint="...")
    def perceptron_update(answer):
        matches(answer(w, x), [1.0, 2.0], "for w = ..., x = ...", mistakes={"...": [3.0, 4.0]})

The function's name is the name of the function that the learner writes; `answer` is what he or she
wrote. A check gives cases, and knows the results of typical mistakes, so that its sentence says
what happened and not only that something did.
"""

import importlib
import inspect
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from minibig.backend import InputError

CHAPTERS = ("01", "02", "03", "04", "05", "06", "07", "08")
EXERCISES: dict[str, "Exercise"] = {}


class NotYet(Exception):
    """What is not right about an answer, in a sentence for whoever wrote it."""


@dataclass(frozen=True)
class Exercise:
    """A task: its number, the name of the function to write, a hint, and the check."""

    number: str
    name: str
    hint: str
    check: Callable[[Callable[..., Any]], None]


def exercise(number: str, *, hint: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a check as an exercise (decorator)."""

    def register(check: Callable[..., None]) -> Callable[..., None]:
        assert number not in EXERCISES, f"two exercises {number}"
        EXERCISES[number] = Exercise(number, check.__name__, hint, check)
        return check

    return register


def all_exercises() -> dict[str, Exercise]:
    """The exercises of all chapters, by number."""
    for chapter in CHAPTERS:
        importlib.import_module(f"exercises.chapter_{chapter}")
    return EXERCISES


def exercise_of(number: str) -> Exercise:
    """The exercise of that number.

    Raises:  InputError if there is none.
    """
    if number[:2] in CHAPTERS:
        importlib.import_module(f"exercises.chapter_{number[:2]}")
    if number not in EXERCISES:
        raise InputError(f"there is no exercise {number!r}. Numbers look like '05.1'.")
    return EXERCISES[number]


def judge(number: str, answer: Callable[..., Any]) -> str | None:
    """None for a right answer; else a sentence that says what is wrong with it."""
    task = exercise_of(number)
    try:
        task.check(_complete(answer))
    except NotYet as wrong:
        return str(wrong)
    except NotImplementedError:
        return "it is still empty."
    except Exception as error:  # whatever the learner's function does, a sentence comes back
        where = traceback.extract_tb(error.__traceback__)
        file = getattr(answer, "__code__", None) and answer.__code__.co_filename
        line = next((f"in line {f.lineno} of " for f in reversed(where) if f.filename == file), "")
        return f"{line}your function raised {type(error).__name__}: {error}"
    return None


def _complete(answer: Callable[..., Any]) -> Callable[..., Any]:
    """The answer, which must return something."""
    if not callable(answer):
        raise NotYet(f"give the function itself; got {type(answer).__name__}.")

    def called(*inputs: Any, **keywords: Any) -> Any:
        result = answer(*inputs, **keywords)
        if result is None:
            raise NotYet("it is empty (None).")
        return result

    return called


def source_of_solution(number: str) -> str:
    """The source of one way to do it."""
    name = exercise_of(number).name
    module = importlib.import_module(f"exercises.solutions.chapter_{number[:2]}")
    return inspect.getsource(getattr(module, name)).rstrip()


def expect(condition: Any, sentence: str) -> None:
    """Say the sentence unless the condition holds."""
    if not condition:
        raise NotYet(sentence)


def matches(
    got: Any,
    right: Any,
    case: str,
    *,
    mistakes: Mapping[str, Any] | None = None,
    tolerance: float = 1e-6,
) -> None:
    """Say what came instead of what was right; `mistakes` maps explanations to their results."""
    got, right = _array(got), _array(right)
    if got.shape != right.shape:
        for explanation, wrong in (mistakes or {}).items():
            expect(not _close(got, _array(wrong), tolerance), f"{case}: {explanation}")
        raise NotYet(f"{case}: expected shape {right.shape}; got {got.shape}.")
    if _close(got, right, tolerance):
        return
    for explanation, wrong in (mistakes or {}).items():
        expect(not _close(got, _array(wrong), tolerance), f"{case}: {explanation}")
    raise NotYet(f"{case}: expected {_short(right)}; got {_short(got)}.")


def _array(values: Any) -> np.ndarray:
    """Numbers as an array; tensors give theirs."""
    if isinstance(values, tuple | list) and any(hasattr(v, "numpy") for v in values):
        values = [v.numpy() if hasattr(v, "numpy") else v for v in values]
    try:
        array = np.asarray(values.numpy() if hasattr(values, "numpy") else values)
    except ValueError:
        raise NotYet(f"the result must be rectangular numbers; got {values!r:.60}.") from None
    if array.dtype.kind not in "fiub":
        raise NotYet(f"the result must be numbers; got {values!r:.60}.")
    return array.astype("float64")


def _close(a: np.ndarray, b: np.ndarray, tolerance: float) -> bool:
    return a.shape == b.shape and np.allclose(a, b, rtol=tolerance, atol=tolerance, equal_nan=True)


def _short(array: np.ndarray) -> str:
    """The numbers in a few places."""
    if array.size > 12:
        return f"an array of shape {array.shape} with sum {array.sum():.5g}"
    return np.array2string(array, precision=5, separator=", ").replace("\n", "")

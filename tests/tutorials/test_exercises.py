"""Every check is tried three ways: the solution passes, the empty stub and wrong answers do not.

The stubs are those of the chapters, read off their source; wrong answers, each with words that the
explanation must have, are in `wrong_answers/`.
"""

import ast
import importlib.util
from pathlib import Path

import pytest
from exercises.exercise import CHAPTERS, NotYet, all_exercises, judge, matches

import minibig as mb

TUTORIALS = Path(__file__).resolve().parents[2] / "tutorials"
EXERCISES = all_exercises()
WRONG = {
    (number, which): pair
    for chapter in CHAPTERS
    for number, pairs in importlib.import_module(f"wrong_answers.chapter_{chapter}").WRONG.items()
    for which, pair in enumerate(pairs)
}
each_exercise = pytest.mark.parametrize("number", EXERCISES)


def stubs_of(chapter, folder):
    """The functions with @check(number) of a chapter, each as a module of its own in `folder`."""
    [path] = TUTORIALS.glob(f"{chapter}_*.py")
    stubs = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.decorator_list:
            decorator = node.decorator_list[0]
            if isinstance(decorator, ast.Call) and getattr(decorator.func, "id", "") == "check":
                node.decorator_list = []
                stubs[decorator.args[0].value] = imported(node, folder / f"{node.name}.py")
    return stubs


def imported(function, path):
    """The function of a syntax tree, written to a file and imported from there."""
    path.write_text(ast.unparse(function), encoding="utf-8")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return getattr(module, function.name)


@each_exercise
def test_the_solution_passes(number):
    solutions = importlib.import_module(f"exercises.solutions.chapter_{number[:2]}")
    assert judge(number, getattr(solutions, EXERCISES[number].name)) is None


@each_exercise
def test_the_empty_stub_of_the_chapter_fails_and_is_called_empty(number, tmp_path):
    stub = stubs_of(number[:2], tmp_path)[number]
    assert stub.__name__ == EXERCISES[number].name
    assert stub.__doc__
    assert "empty" in judge(number, stub)


@pytest.mark.parametrize(("number", "which"), WRONG)
def test_a_wrong_answer_is_told_what_is_wrong(number, which):
    answer, words = WRONG[number, which]
    message = judge(number, answer)
    assert message is not None, "a wrong answer passed"
    assert words in message, message


@each_exercise
def test_there_are_at_least_two_wrong_answers(number):
    assert len([key for key in WRONG if key[0] == number]) >= 2


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_has_three_to_five_exercises_and_each_a_check(chapter, tmp_path):
    own = [number for number in EXERCISES if number[:2] == chapter]
    assert 3 <= len(own) <= 5
    assert list(stubs_of(chapter, tmp_path)) == own
    for number in own:
        assert len(EXERCISES[number].hint) > 10


def test_names_of_exercises_are_unique():
    names = [exercise.name for exercise in EXERCISES.values()]
    assert len(names) == len(set(names))


@each_exercise
def test_an_answer_that_crashes_gets_a_sentence(number):
    def crashing(*inputs, **keywords):
        raise KeyError("oops")

    message = judge(number, crashing)
    assert "raised KeyError" in message
    assert "in line" in message


@each_exercise
@pytest.mark.parametrize("value", [0, "text", [], object(), (1, 2), {}, lambda *x: x])
def test_nonsense_gets_a_sentence_and_does_not_pass(number, value):
    assert judge(number, lambda *inputs: value) is not None


def test_no_exercise_of_that_number_is_a_sentence():
    with pytest.raises(mb.InputError, match=r"no exercise '99\.1'"):
        judge("99.1", print)


def test_matches_names_the_mistake_that_was_made():
    with pytest.raises(NotYet, match="x: the sign"):
        matches(-1.0, 1.0, "x", mistakes={"the sign": -1.0})
    with pytest.raises(NotYet, match=r"x: expected 1\.; got 3\."):
        matches(3.0, 1.0, "x", mistakes={"the sign": -1.0})
    with pytest.raises(NotYet, match=r"expected shape \(2,\); got \(1,\)"):
        matches([1.0], [1.0, 1.0], "x")
    matches(mb.tensor([1.0]), [1.0], "x")

"""Exact match, counted by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minibig.backend import InputError
from minibig.evaluation import exact_match


@pytest.mark.parametrize(
    ("answers", "expected", "share"),
    [
        (["a"], ["a"], 1.0),
        (["a"], ["b"], 0.0),
        ([" a\n"], ["a "], 1.0),
        (["a b"], ["ab"], 0.0),
        (["A"], ["a"], 0.0),
        ([""], [""], 1.0),
        (["在罗马。", "在罗马", "不知道", "是"], ["在罗马。", "在罗马。", "不知道", "否"], 0.5),
    ],
)
def test_an_answer_is_right_or_wrong(answers, expected, share):
    assert exact_match(answers, expected) == share


@given(st.lists(st.booleans(), min_size=1))
def test_the_share_is_that_of_the_right_ones(right):
    answers = ["yes" if each else "no" for each in right]
    assert exact_match(answers, ["yes"] * len(right)) == pytest.approx(sum(right) / len(right))


@pytest.mark.parametrize(("answers", "expected"), [([], []), (["a"], []), (["a"], ["a", "b"])])
def test_answers_without_questions_are_refused(answers, expected):
    with pytest.raises(InputError, match="one answer for each expected one"):
        exact_match(answers, expected)


@pytest.mark.parametrize(
    ("answers", "expected"), [("abc", "abc"), (["abc"], "a"), (["a"], [None]), ([1], [1]), (1, 1)]
)
def test_one_text_is_no_list_of_answers(answers, expected):
    with pytest.raises(InputError, match=r"must be (an iterable of texts|a text)"):
        exact_match(answers, expected)


def test_answers_may_come_from_anywhere():
    assert exact_match((answer for answer in ["a", "b"]), ("a", "c")) == 0.5

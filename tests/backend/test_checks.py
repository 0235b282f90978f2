"""Checks: what passes comes back, what does not is one sentence."""

import math

import numpy as np
import pytest

from minibig.backend import InputError, checks


@pytest.mark.parametrize("value", [1, np.int64(7), 10])
def test_whole_numbers_pass(value):
    assert checks.whole("n", value, 1, 10) == value
    assert type(checks.whole("n", value)) is int


@pytest.mark.parametrize("value", [0, 11, True, 1.0, "3", None, math.nan])
def test_what_is_no_whole_number_in_range_is_refused(value):
    with pytest.raises(InputError, match=r"^n must be a whole number from 1 to 10; got "):
        checks.whole("n", value, 1, 10)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, "x", None, True, 0, -1, 1])
def test_numbers_have_open_and_closed_bounds(value):
    with pytest.raises(InputError, match=r"^p must be a number above 0 and below 1; got "):
        checks.number("p", value, above=0, below=1)
    assert checks.number("p", np.float32(0.5), above=0, below=1) == 0.5


def test_choices_distinguish_true_from_one():
    assert checks.one_of("k", 1, (1, 2)) == 1
    with pytest.raises(InputError, match=r"k must be one of 1, 2; got True"):
        checks.one_of("k", True, (1, 2))


@pytest.mark.parametrize("value", ["", 3, "\ud800"])
def test_texts(value):
    with pytest.raises(InputError, match=r"^t must be a text"):
        checks.text("t", value)
    assert checks.text("t", "", empty=True) == ""


def test_a_long_value_is_cut():
    with pytest.raises(InputError) as error:
        checks.flag("f", "x" * 10**6)
    assert len(str(error.value)) < 200


def test_a_number_that_python_does_not_write_is_shown():
    with pytest.raises(InputError, match="got int of very many digits"):
        checks.whole("n", 10**5000, 1, 10)


@pytest.mark.parametrize("value", [None, 3, b"x", ["x"], "a\0b"])
def test_what_is_no_path_is_refused(value):
    with pytest.raises(InputError, match=r"folder must be .*path"):
        checks.path("folder", value)
    assert checks.path("folder", "a").name == "a"


@pytest.mark.parametrize("value", [None, 3, "text", b"x"])
def test_what_cannot_be_gone_through_is_refused(value):
    with pytest.raises(InputError, match="texts must be an iterable of str; got"):
        checks.iterable("texts", value, "str")
    assert list(checks.iterable("texts", ("a",), "str")) == ["a"]


def test_an_empty_text_is_no_path_and_names_that_are_none_have_hints():
    with pytest.raises(InputError, match="folder must be the path of a file or a folder; got ''"):
        checks.path("folder", "")
    assert checks.hint(3, ["a", "b"]) == "there are a, b."


def test_an_int_beyond_all_floats_is_no_number():
    for value in (10**400, -(10**5000)):
        with pytest.raises(InputError, match="lr must be a number of at least 0; got"):
            checks.number("lr", value, 0)

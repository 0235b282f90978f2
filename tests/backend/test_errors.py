"""The error that a user can cause."""

import minibig as mb
from minibig.backend import InputError


def test_an_input_error_is_a_value_error_and_public():
    assert issubclass(InputError, ValueError)
    assert mb.InputError is InputError

import io
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minibig.backend import InputError
from minibig.cli.console import complain, decoded, given_text, open_streams, say, sentence_of


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8", "cp936"])
def test_any_text_can_be_printed_on_any_terminal(monkeypatch, encoding):
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding))
    open_streams()
    say("a é 你好 \U0001f600 \ud83d")
    assert raw.getvalue().startswith(b"a ")
    assert len(raw.getvalue().decode(encoding).split()) == 5


@pytest.mark.parametrize("terminal", [True, False])
def test_control_characters_reach_files_and_no_terminals(monkeypatch, terminal):
    output = io.StringIO()
    output.isatty = lambda: terminal
    monkeypatch.setattr(sys, "stdout", output)
    say("a\x1b[2J\x07\t\n\x9b")
    assert output.getvalue() == (
        "a\ufffd[2J\ufffd\t\n\ufffd\n" if terminal else "a\x1b[2J\x07\t\n\x9b\n"
    )


@given(st.text().filter(lambda text: text != "-"))
def test_an_argument_is_its_text(text):
    assert given_text(text) == text


def test_bytes_of_an_argument_that_are_no_utf_8_are_refused_or_replaced():
    argument = b"caf\xe9".decode("utf-8", "surrogateescape")  # as Python reads the command line
    with pytest.raises(InputError, match=r"the text must be UTF-8; byte 3 is not"):
        given_text(argument)
    assert given_text(argument, errors="replace") == "caf\ufffd"
    with pytest.raises(InputError, match=r"the text must be UTF-8; byte 1 is not"):
        given_text("a\ud83d")


@given(st.binary())
def test_bytes_are_text_or_are_refused_with_the_offset(data):
    try:
        expected = data.decode()
    except UnicodeDecodeError as error:
        with pytest.raises(InputError, match=rf"a\.txt must be UTF-8; byte {error.start} is not"):
            decoded(data, "a.txt", "strict")
    else:
        assert decoded(data, "a.txt", "strict") == expected
    assert decoded(data, "a.txt", "replace") == data.decode(errors="replace")


def test_a_complaint_is_one_line(capsys):
    complain("first\nsecond\n\n  third")
    assert capsys.readouterr().err == "minibig: first second third\n"


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (OSError(28, "No space left on device"), "No space left on device."),
        (PermissionError(13, "Permission denied", "a"), "a: Permission denied."),
        (OSError("something"), "something"),
        (MemoryError(), "there is not enough memory."),
        (InputError("steps must be 1 or more; got 0."), "steps must be 1 or more; got 0."),
    ],
)
def test_an_error_is_a_sentence(error, sentence):
    assert sentence_of(error) == sentence

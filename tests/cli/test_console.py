import io
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minibig.backend import InputError
from minibig.cli import main
from minibig.cli.console import complain, given_text, open_streams, say, sentence_of
from minibig.files import decoded, naming_stdout
from minibig.recipes import Display
from minibig.tokenizers import load_tokenizer

from .commands import environment


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


def test_an_error_of_the_output_names_it_and_one_of_a_file_keeps_its_name(monkeypatch):
    class Full(io.StringIO):
        def write(self, text):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(sys, "stdout", Full())
    progress = Display().progress()
    progress.begin(0, 1)
    for write in (say, Display().say, progress.report):
        with pytest.raises(OSError) as caught:
            write({"step": 1, "warning": "w"} if write == progress.report else "text")
        assert sentence_of(caught.value) == "the standard output: No space left on device."
    with pytest.raises(OSError) as caught, naming_stdout():
        open("no-such-file")  # noqa: SIM115
    assert caught.value.filename == "no-such-file"


@given(st.binary())
def test_bytes_are_text_or_are_refused_with_the_offset(data):
    try:
        expected = data.decode()
    except UnicodeDecodeError as error:
        with pytest.raises(
            InputError, match=rf"a\.txt must be UTF-8; .*offset {error.start} is not"
        ):
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


@pytest.mark.parametrize("character", ["\x1b", "\x9b", "\x07", "\u202e", "\u2028", "\x7f"])
def test_no_character_of_an_error_moves_the_cursor_or_turns_the_line(character, capsys):
    complain(f"a{character}[2Jb.txt: No such file.")
    assert capsys.readouterr().err == "minibig: a\ufffd[2Jb.txt: No such file.\n" or (
        character in "\u2028"  # which counts as white space, and becomes a space
    )


def test_an_error_of_any_length_is_cut(capsys):
    complain("begin " + "x" * 99_000_000 + " end")
    shown = capsys.readouterr().err
    assert len(shown) < 1100 and shown.startswith("minibig: begin") and shown.endswith(" end\n")


posix = pytest.mark.skipif(sys.platform == "win32", reason="descriptors of POSIX")


@posix
@pytest.mark.parametrize("closed", [">&-", "<&-", "2>&-", ">&- <&- 2>&-", "> /dev/full"])
@pytest.mark.parametrize("words", ["--version", "tokenize decode {folder} 97", "info nothing"])
def test_closed_streams_are_no_traceback(closed, words, bpe_folder):
    command = f"{sys.executable} -m minibig {words.format(folder=bpe_folder)} {closed}"
    done = subprocess.run(
        ["sh", "-c", command], capture_output=True, text=True, env=environment(), timeout=60
    )
    assert "Traceback" not in done.stderr and done.returncode in (0, 1, 120)
    assert done.stderr.count("\n") <= 1


@posix
def test_decoded_escapes_do_not_reach_a_terminal(bpe_folder, monkeypatch):
    output = io.StringIO()
    output.isatty = lambda: True
    monkeypatch.setattr(sys, "stdout", output)
    ids = map(str, load_tokenizer(bpe_folder).encode("\x1b[2J"))
    assert main(["tokenize", "decode", str(bpe_folder), *ids]) == 0
    assert output.getvalue() == "\ufffd[2J\n"


IMPORTING = """
import os, signal, sys
sys.argv = ["minibig"]
class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == "minibig.ops":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupting())
import minibig.cli
"""


@posix
def test_ctrl_c_while_it_is_imported_is_one_line():
    done = subprocess.run(
        [sys.executable, "-c", IMPORTING],
        capture_output=True, text=True, env=environment(), timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (130, "minibig: interrupted.\n")


@pytest.mark.parametrize(
    ("text", "encoding", "advice"),
    [
        (
            "这是一个关于人工智能的故事",
            "gbk",
            "It looks like GB18030. Convert it: iconv -f GB18030",
        ),
        ("今日はとても良い天気ですから", "shift_jis", "It looks like SHIFT_JIS."),
        ("plain, then un café très agréable", "latin-1", "It looks like CP1252."),
        ("这是一个", "utf-16", "It looks like UTF-16."),
    ],
)
def test_the_advice_is_for_the_encoding_that_the_bytes_have(text, encoding, advice):
    with pytest.raises(InputError) as caught:
        decoded(text.encode(encoding), "the text", "strict")
    assert advice in str(caught.value)


def test_bytes_of_no_encoding_are_converted_or_replaced():
    with pytest.raises(InputError, match=r"the encoding it has; or, .* replaced: .* or --errors"):
        decoded(b"a\xff\xff\xff", "the text", "strict")

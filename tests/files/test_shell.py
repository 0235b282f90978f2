"""What is written for a shell is read by one as it was meant."""

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minibig.files import command_line, quoted

WORDS = [
    *(
        "plain",
        "with space",
        "it's",
        'quo"te',
        "a$HOME`id`;#&|",
        "~home",
        "*",
        "你好",
        "a\\b",
        "!x",
    ),
    *("new\nline", "tab\t'here'", "\x1b[31mred", "back\\slash\n", "\x7f", "a\u2028b", "é\n", " "),
]
posix = pytest.mark.skipif(os.name == "nt", reason="quotes of POSIX")


@posix
@given(st.text(st.characters(min_codepoint=32, exclude_categories=["C", "Z"]), min_size=1))
def test_words_that_print_come_back_from_any_shell(word):
    assert shlex.split(quoted(word)) == [word]


@posix
@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_all_words_come_back_from_bash():
    written = command_line("printf", "%s\\0", *WORDS)
    assert written.isprintable()
    done = subprocess.run(["bash", "-c", written], capture_output=True, timeout=30)
    assert done.stdout.decode().split("\0")[:-1] == WORDS


@posix
@pytest.mark.parametrize("name", ["-x", "--out", "-- x"])
def test_a_path_is_never_an_option(name):
    assert shlex.split(quoted(Path(name))) == [f"./{name}"]
    assert shlex.split(quoted(name)) == [name]

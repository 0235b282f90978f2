"""Text as people have it: other encodings, marks, line ends, one document, one endless line."""

import json
import subprocess
import sys

import pytest

from minibig.cli import main
from minibig.data import TokenFile

from .commands import TINY, called, environment, flags, minibig

TEXT = ("the cat sat on the mat\nand the dog ran to the red house\n" * 20).encode()
BPE = flags({**TINY, "tokenizer": "bpe", "vocab_size": 280, "steps": 2, "evaluate_batches": 1})


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """The run on the plain text."""
    folder = tmp_path_factory.mktemp("plain")
    (folder / "text.txt").write_bytes(TEXT)
    run = folder / "run"
    assert main(["train", "--data", str(folder / "text.txt"), "--out", str(run), *BPE]) == 0
    return run


@pytest.fixture
def trained(tmp_path, capsys):
    """The command on a file with these bytes: its code, what it complains of, its folder."""

    def train(content, *arguments):
        path, run = tmp_path / "text.txt", tmp_path / "run"
        path.write_bytes(content)
        code = main(["train", "--data", str(path), "--out", str(run), *BPE, *arguments])
        return code, capsys.readouterr().err, run

    return train


def tokens_of(run):
    return [
        TokenFile(run / "tokens" / f"{part}.bin").ids.tolist()
        for part in ("training", "validation")
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + TEXT,
        TEXT.replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf" + TEXT.replace(b"\n", b"\r\n"),
        b"<|endoftext|><|endoftext|>\n" + TEXT + b"<|endoftext|><|endoftext|>",
    ],
    ids=["byte order mark", "CRLF", "both", "empty documents"],
)
def test_what_is_no_text_leaves_no_trace_in_the_tokens(plain, trained, content):
    code, complaint, run = trained(content)
    assert (code, complaint) == (0, "")
    assert tokens_of(run) == tokens_of(plain)


def test_bytes_that_are_no_utf_8_are_told_with_their_offset_or_replaced(trained):
    content = TEXT + b"caf\xe9 au lait\n" + TEXT
    code, complaint, run = trained(content)
    assert (code, complaint.count("\n")) == (1, 1)
    assert f"byte 0xe9 at offset {len(TEXT) + 3}" in complaint
    assert "Convert it: iconv -f CP1252" in complaint and not (run / "run.json").exists()
    code, complaint, run = trained(content, "--errors", "replace")
    assert (code, complaint) == (0, "")
    assert json.loads((run / "run.json").read_text())["text"]["characters"] == len(content)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (TEXT + b"\0" + TEXT, f"is a binary file (NUL byte at offset {len(TEXT)})"),
        (b"<|endoftext|>\n<|endoftext|>", "is empty: a text of at least one character"),
        (b"\xef\xbb\xbf", "is empty"),
        (b"a", "has 1 characters, too few for a training and a validation part"),
        (b"ab cd", "the training part of the text has 5 tokens; a context_length of 8 needs at "),
    ],
    ids=["null byte", "empty documents only", "a mark only", "one character", "too short"],
)
def test_what_cannot_be_trained_on_is_one_line(trained, content, words):
    code, complaint, run = trained(content)
    assert (code, complaint.count("\n")) == (1, 1)
    assert words in complaint and not (run / "run.json").exists()


def test_files_and_pipes_are_read_as_training_reads_them(bpe_folder, tmp_path):
    path = tmp_path / "text.txt"
    path.write_bytes(b"\xef\xbb\xbfthe cat\r\nsat\n")
    expected = called("tokenize", "encode", bpe_folder, "the cat\nsat\n").stdout
    assert called("tokenize", "encode", bpe_folder, "--file", path).stdout == expected
    piped = minibig("tokenize", "encode", bpe_folder, input=path.read_bytes()).stdout
    assert piped.decode() == expected


PEAK = """
import re, sys
from minibig.cli import main
code = main(sys.argv[1:])
status = open("/proc/self/status").read()
print("peak", int(re.search(r"VmHWM:\\s*(\\d+) kB", status)[1]) // 1000)
raise SystemExit(code)
"""


def peak_of(*arguments):
    """The memory in MB that a command took at most; it must end well."""
    done = subprocess.run(
        [sys.executable, "-c", PEAK, *map(str, arguments)],
        capture_output=True, text=True, env=environment(), timeout=7200,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return int(done.stdout.split("peak ")[1])


def peak_on_one_line(folder, megabytes, tokenizer, word):
    """The same for a training run on a text without a single line end, all of which it must see."""
    block = (word * (2**20 // len(word) + 1))[: 2**20]
    with open(folder / "line.txt", "wb") as file:
        for _ in range(megabytes):
            file.write(block)
    vocabulary = {} if tokenizer == "characters" else {"vocab_size": 280}
    settings = flags({**TINY, "tokenizer": tokenizer, **vocabulary, "steps": 2})
    peak = peak_of(
        "train", "--data", folder / "line.txt", "--out", folder / "run", *settings,
        "--evaluate-batches", 1,
    )  # fmt: skip
    tokens = [TokenFile(folder / "run" / "tokens" / f"{p}.bin") for p in ("training", "validation")]
    assert sum(part.text_bytes for part in tokens) == megabytes * 2**20
    return peak


@pytest.fixture(scope="module")
def peak_of_a_megabyte(tmp_path_factory):
    """Most of it is Python, NumPy and the picture."""
    return peak_on_one_line(tmp_path_factory.mktemp("short"), 1, "bpe", b"a")


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from /proc")
@pytest.mark.parametrize("word", [b"words of a line ", b"a"], ids=["words", "one endless word"])
@pytest.mark.parametrize("tokenizer", ["characters", "bpe"])
def test_a_line_without_an_end_streams_in_bounded_memory(
    tmp_path, amount, peak_of_a_megabyte, tokenizer, word
):
    """Tokenizer, tokens and the order of the batches take no more memory for a longer line."""
    megabytes = amount(4, 1024)
    peak = peak_on_one_line(tmp_path, megabytes, tokenizer, word)
    assert peak < peak_of_a_megabyte + 40
    print(f"one line of {megabytes} MB, {tokenizer}: {peak} MB; of 1 MB: {peak_of_a_megabyte} MB")

import os
import shutil
import subprocess
import sys

import pytest

from minibig.cli import main
from minibig.generation import stream_text
from minibig.models import GPT, GPTConfig
from minibig.storage import save
from minibig.tokenizers import ByteLevelBPE

from .commands import COMMAND, called, environment, minibig


def test_a_run_writes_after_the_prompt(finished_run):
    done = minibig("generate", finished_run, "--prompt", "the cat", "--max-new-tokens", 20)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("the cat")
    assert len(done.stdout) == len("the cat") + 20 + 1
    assert done.stderr == ""


def test_the_seed_decides(finished_run, capsys):
    def text(*arguments):
        assert main(["generate", str(finished_run), *arguments]) == 0
        return capsys.readouterr().out

    assert text("--seed", "1") == text("--seed", "1") != text("--seed", "2")
    assert text("--temperature", "0") == text("--temperature", "0", "--max-new-tokens", "200")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--temperature 0 --seed 1", "seed is given, and would do nothing: at temperature 0"),
        (
            "--temperature 0 --n-sequences 2 --top-k 3",
            "n_sequences are given, and would do nothing",
        ),
        ("--errors replace", "errors is given, and would do nothing: there is no prompt"),
    ],
)
def test_an_option_that_would_do_nothing_is_refused(finished_run, capsys, words, message):
    assert main(["generate", str(finished_run), *words.split()]) == 1
    assert message in capsys.readouterr().err


def test_how_broken_text_is_read_is_nothing_for_a_corpus(capsys):
    for command in ("train", "tokenize train --out t"):
        assert main([*command.split(), "--data", "stdlib", "--errors", "replace"]) == 1
        assert "errors is given, and would do nothing" in capsys.readouterr().err


def test_the_model_folder_of_a_run_will_do(finished_run, capsys):
    texts = []
    for folder in (finished_run, finished_run / "model"):
        assert main(["generate", str(folder)]) == 0
        texts.append(capsys.readouterr().out)
    assert texts[0] == texts[1]


def test_several_sequences_are_told_apart(finished_run, capsys):
    arguments = ["generate", str(finished_run), "--prompt", "the", "--max-new-tokens", "9"]
    assert main([*arguments, "--n-sequences", "3"]) == 0
    shown = capsys.readouterr().out
    for number in (1, 2, 3):
        assert f"--- {number}\nthe" in shown


def test_the_prompt_is_read_from_the_input(finished_run):
    arguments = ("generate", finished_run, "--prompt", "-", "--max-new-tokens", 3)
    assert minibig(*arguments, input="the dog").stdout.startswith("the dog")
    bad = called(*arguments, input=b"the \xff dog")
    assert bad.returncode == 1
    assert bad.stderr.startswith(
        "minibig: the standard input must be UTF-8; byte 0xff at offset 4 is not."
    )
    assert bad.stderr.count("\n") == 1


@pytest.fixture
def published(tmp_path, bpe_folder):
    """A folder as models are published: weights and GPT-2's two tokenizer files in one place."""
    tokenizer = ByteLevelBPE.load(bpe_folder)
    save(GPT(GPTConfig(tokenizer.vocab_size, 8, 1, 1, 8)), tmp_path)
    for name in ("vocab.json", "merges.txt"):
        shutil.copy(bpe_folder / name, tmp_path)
    return tmp_path


def test_a_published_folder_writes_any_bytes_to_any_terminal(published):
    arguments = ("generate", published, "--prompt", "你好 é", "--temperature", 2)
    plain = minibig(*arguments, PYTHONIOENCODING="ascii")
    assert plain.returncode == 0, plain.stderr
    assert plain.stdout.startswith("?? ?")
    assert plain.stdout.isascii()
    assert called(*arguments).stdout.startswith("你好 é")


def test_pieces_are_whole_characters_and_together_the_text():
    tokenizer = ByteLevelBPE.train("a", vocab_size=257)
    model = GPT(GPTConfig(257, 8, 1, 1, 8))
    settings = {"max_new_tokens": 300, "seed": 1}
    pieces = list(stream_text(model, tokenizer, "é", **settings))
    from minibig.generation import generate

    ids = generate(model, tokenizer.encode("é"), stop_token=256, **settings)[0].tolist()
    ids = [token for token in ids if token != 256]
    assert "é" + "".join(pieces) == tokenizer.decode(ids)


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of POSIX")
def test_a_reader_that_leaves_early_is_no_error(finished_run):
    with subprocess.Popen(
        [*COMMAND, "generate", str(finished_run), "--max-new-tokens", "100000"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    ) as process:
        assert os.read(process.stdout.fileno(), 1)
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=30) == 141

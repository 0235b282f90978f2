"""A text, and a run that has learned a little from it: made once for all tests that only read."""

import pytest

import minibig as mb
from minibig.models import GPT, GPTConfig
from minibig.tokenizers import ByteLevelBPE

from .commands import TINY, flags, minibig
from .talker import taught

TEXT = "the cat sat on the mat\nand the dog ran to the red house\n" * 20


@pytest.fixture(scope="session")
def text_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("text") / "cats.txt"
    path.write_text(TEXT, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory, text_file):
    folder = tmp_path_factory.mktemp("runs") / "finished"
    done = minibig("train", "--data", text_file, "--out", folder, *flags(TINY))
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="session")
def bpe_folder(tmp_path_factory, text_file):
    folder = tmp_path_factory.mktemp("tokenizers") / "bpe"
    done = minibig("tokenize", "train", "--data", text_file, "--out", folder, "--vocab-size", 280)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="session")
def talker(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "talker"
    taught(folder)
    return folder


@pytest.fixture(scope="session")
def babbler(tmp_path_factory):
    """A model that knows nothing, never ends, and has no dialogue tokens."""
    folder = tmp_path_factory.mktemp("models") / "babbler"
    tokenizer = ByteLevelBPE.train("a b", vocab_size=256, special_tokens=())
    mb.manual_seed(0)
    mb.save(GPT(GPTConfig(256, 4096, n_layers=1, n_heads=1, d_model=8)), folder)
    tokenizer.save(folder)
    return folder

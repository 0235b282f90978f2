"""A text, and a run that has learned a little from it: made once for all tests that only read."""

import pytest
from dialogue.conftest import babbler, talker  # noqa: F401

from .commands import TINY, called, flags

TEXT = "the cat sat on the mat\nand the dog ran to the red house\n" * 20


@pytest.fixture(scope="session")
def text_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("text") / "cats.txt"
    path.write_text(TEXT, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory, text_file):
    folder = tmp_path_factory.mktemp("runs") / "finished"
    done = called("train", "--data", text_file, "--out", folder, *flags(TINY))
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="session")
def bpe_folder(tmp_path_factory, text_file):
    folder = tmp_path_factory.mktemp("tokenizers") / "bpe"
    done = called("tokenize", "train", "--data", text_file, "--out", folder, "--vocab-size", 280)
    assert done.returncode == 0, done.stderr
    return folder

"""Where GPT-2's published files and Shakespeare lie; tests that need them skip without them."""

import os
from pathlib import Path

import pytest

from minibig.tokenizers import ByteLevelBPE


def _shared_data(name):
    beside = Path(__file__).resolve().parents[3] / "shared" / "data"
    path = Path(os.environ.get("MINIBIG_SHARED_DATA", beside)) / name
    if not path.exists():
        pytest.skip(f"{path} is absent; MINIBIG_SHARED_DATA can name another folder")
    return path


@pytest.fixture(scope="session")
def gpt2_files():
    return _shared_data("gpt2/encoder.json"), _shared_data("gpt2/vocab.bpe")


@pytest.fixture(scope="session")
def gpt2(gpt2_files):
    return ByteLevelBPE.from_files(*gpt2_files)


@pytest.fixture(scope="session")
def shakespeare():
    return _shared_data("tinyshakespeare.txt").read_text(encoding="utf-8")

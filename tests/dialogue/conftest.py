"""The models that are talked with, made once for all tests."""

import pytest

from .talker import babbling, taught


@pytest.fixture(scope="session")
def talker(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "talker"
    taught(folder)
    return folder


@pytest.fixture(scope="session")
def babbler(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models") / "babbler"
    babbling(folder)
    return folder

"""Where pytest looks before it runs the examples in docstrings: in all of them `mb` is minibig."""

from typing import Any

import pytest

import minibig


@pytest.fixture(autouse=True)
def _mb(doctest_namespace: dict[str, Any]) -> None:
    doctest_namespace["mb"] = minibig

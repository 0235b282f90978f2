"""Where pytest looks before it runs the examples in docstrings: in all of them `mb` is minibig."""

from importlib.util import find_spec
from typing import Any

import pytest

import minibig

collect_ignore_glob = [] if find_spec("numba") else ["kernels/compiled/*"]


@pytest.fixture(autouse=True)
def _mb(doctest_namespace: dict[str, Any]) -> None:
    doctest_namespace["mb"] = minibig

"""Without the folder kernels/ everything can be imported, and only the speed changes."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import minibig

TESTS = Path(__file__).parent
VALUES = [
    "autograd/test_primitives.py",
    "autograd/test_functional.py",
    "ops/test_losses.py",
    "ops/test_scaled_dot_product_attention.py",
    "nn/test_layers.py",
    "models/test_gpt.py",
    "optim/test_clipping.py",
]
IMPORT_ALL = """
import pkgutil, sys
import minibig as mb
assert mb.kernels is None
for module in pkgutil.walk_packages(mb.__path__, "minibig."):
    if not module.name.endswith(("__main__", "conftest")):
        __import__(module.name)
assert not [name for name in sys.modules if name.startswith("minibig.kernels")]
x = mb.tensor([[1.0, 2.0, 6.0]], requires_grad=True)
mb.layer_norm(x).sum().backward()
print(mb.erf(x.detach()).tolist()[0][0], mb.__file__)
"""


@pytest.fixture(scope="module")
def without(tmp_path_factory):
    """Runs Python where minibig is a copy without kernels."""
    folder = tmp_path_factory.mktemp("bare")
    ignored = shutil.ignore_patterns("kernels", "__pycache__")
    shutil.copytree(Path(minibig.__file__).parent, folder / "minibig", ignore=ignored)
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}

    def run(*arguments):
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=240,
        )

    return run


def test_every_module_is_imported(without):
    done = without("-W", "error", "-c", IMPORT_ALL)
    assert done.returncode == 0, done.stderr
    value, path = done.stdout.split()
    assert float(value) == pytest.approx(0.8427008)
    assert "bare" in path


@pytest.mark.slow
def test_values_and_derivatives_are_the_same(without):
    paths = [str(TESTS / name) for name in VALUES]
    done = without(
        "-m", "pytest", "-q", "-x", "-n", "0", "-p", "no:cacheprovider", "--no-header", *paths
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]

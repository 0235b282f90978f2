import os
import subprocess
import sys
import threading

import numpy as np
import pytest

import minibig as mb
from minibig.autograd import registry
from minibig.kernels.parallel import for_blocks, one_blas_thread

STEP = """
import hashlib, numpy as np, minibig as mb
mb.manual_seed(0)
model = mb.models.GPT(mb.models.GPTConfig(50, 80, 2, 2, 32))
ids = mb.tensor(np.random.default_rng(0).integers(0, 50, (4, 81)))
mb.cross_entropy(model(ids[:, :-1]), ids[:, 1:]).backward()
bits = b"".join(p.grad.numpy().tobytes() for p in model.parameters())
print(hashlib.sha256(bits).hexdigest())
"""


def test_the_bits_do_not_depend_on_the_number_of_threads():
    digests = set()
    for threads in "1", "2", "5":
        environment = {**os.environ, "MINIBIG_THREADS": threads}
        done = subprocess.run(
            [sys.executable, "-c", STEP],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
        digests.add(done.stdout)
    assert len(digests) == 1


@pytest.mark.parametrize(("n", "size"), [(0, 4), (1, 4), (4, 4), (9, 4), (1000, 1)])
def test_every_number_is_in_exactly_one_block(n, size):
    seen = np.zeros(n, int)

    def block(start, stop):
        seen[start:stop] += 1

    for_blocks(block, n, size)
    assert (seen == 1).all()


def test_an_error_in_a_block_reaches_the_caller():
    def block(start, stop):
        raise ZeroDivisionError(start)

    with pytest.raises(ZeroDivisionError):
        for_blocks(block, 10, 1)
    with one_blas_thread():
        for_blocks(lambda start, stop: None, 10, 1)


def test_several_threads_may_use_kernels_at_once():
    numbers = np.random.default_rng(0)
    x, w = (
        mb.tensor(numbers.standard_normal((300, 20))),
        mb.tensor(numbers.standard_normal((20, 30))),
    )
    expected = mb.linear(x, w).numpy()
    results = []
    threads = [
        threading.Thread(target=lambda: results.append(mb.linear(x, w).numpy())) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(results) == 8
    assert all((r == expected).all() for r in results)


def test_every_operation_with_a_kernel_is_compared_with_its_formula():
    compared = {"linear", "feed_forward", "attention", "cross_entropy", "layer_norm", "embedding"}
    compared |= {"adamw_update"}
    assert {name for name, f in registry.items() if "cpu" in f.kernels} - {"double"} == compared
    on_cuda = {name for name, f in registry.items() if "cuda" in f.kernels}
    assert on_cuda == compared | {"masked"}

import os
import subprocess
import sys
import threading

import numpy as np
import pytest

import minibig as mb
from minibig.autograd import registry
from minibig.kernels.parallel import for_blocks, on_one_blas_thread

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
    on_one_blas_thread(lambda: for_blocks(lambda start, stop: None, 10, 1))


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


def run_python(code, **more):
    """What a program of its own prints; with two BLAS threads, whatever the machine has."""
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "2", "MINIBIG_THREADS": "2", **more}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


BLAS = """
import numpy as np
from minibig.kernels.parallel import blas_threads, for_blocks, on_one_blas_thread
def blas():
    return max([get() for get, _ in blas_threads()], default=1)
before = blas()
"""


def test_a_region_has_one_blas_thread_and_leaves_as_many_as_there_were():
    code = """
seen = []
def look(*block):
    seen.append(blas())
on_one_blas_thread(lambda: [look(), for_blocks(look, 4, 1)])
print(seen == [1] * 5, blas() == before)
try:
    on_one_blas_thread(lambda: 1 / 0)
except ZeroDivisionError:
    print(blas() == before)
"""
    assert run_python(BLAS + code) == ["True"] * 3


def test_ctrl_c_at_any_moment_leaves_blas_its_threads():
    """Python answers Ctrl-C where a function begins and after a call: at each such place, once."""
    code = """
import sys
from minibig.kernels import parallel
def stack(frame):
    while frame is not None:
        yield frame.f_code.co_name, frame.f_lineno
        frame = frame.f_back
def interrupt(frame, event, argument):
    if event in ("call", "c_return") and frame.f_code.co_filename == parallel.__file__:
        place = event, *stack(frame)
        if place not in tried:
            tried.add(place)
            raise KeyboardInterrupt
for_blocks(lambda i, j: None, 2, 1)  # starts the threads
tried, caught, wrong = set(), 0, 0
while caught == len(tried):
    try:
        sys.setprofile(interrupt)
        for_blocks(lambda i, j: None, 2, 1)
        sys.setprofile(None)
        break
    except KeyboardInterrupt:
        caught += 1
        wrong += blas() != before
print(caught > 15, caught == len(tried), wrong)
"""
    assert run_python(BLAS + code) == ["True", "True", "0"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_child_forked_while_others_compute_computes_and_has_all_blas_threads():
    code = """
import os, threading, time
def work():
    while True:
        for_blocks(lambda i, j: np.ones((40, 40)) @ np.ones((40, 40)), 4, 1)
threading.Thread(target=work, daemon=True).start()
good = 0
for _ in range(12):
    time.sleep(0.003)
    child = os.fork()
    if not child:
        done = []
        for_blocks(lambda i, j: done.append(i), 4, 1)
        os._exit(0 if len(done) == 4 and blas() == before else 1)
    for _ in range(1000):
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            good += status == 0
            break
        time.sleep(0.01)
print(good)
"""
    assert run_python(BLAS + code, PYTHONWARNINGS="ignore") == ["12"]


def test_where_no_thread_is_to_be_had_one_thread_does_all_the_work():
    code = """
import threading
def start(self):
    raise RuntimeError("can't start new thread")
threading.Thread.start = start
done = []
for _ in range(3):
    for_blocks(lambda i, j: done.append(i), 5, 1)
print(len(done), blas() == before)
"""
    assert run_python(BLAS + code, MINIBIG_THREADS="8") == ["15", "True"]


def test_every_operation_with_a_kernel_is_compared_with_its_formula():
    compared = {"linear", "feed_forward", "attention", "cross_entropy", "layer_norm"}
    compared |= {"embedding", "erf", "normal_cdf", "adamw_update", "masked"}
    on_cpu = {"rms_norm", "orthogonalized", "adam_update", "clip_by_global_norm"}
    assert {name for name, f in registry.items() if "cpu" in f.kernels} == compared | on_cpu
    on_cuda = {name for name, f in registry.items() if "cuda" in f.kernels}
    assert on_cuda == compared | {"batched_matmul"}

"""Tests of two seconds: whether minibig computes rightly on this machine, and how fast it is.

Right: derivatives agree with differences, kernels with the formulas they replace, and a checkpoint
comes back to the bit. Fast: a matrix product, a pass over memory, a training step of a small GPT.
"""

import tempfile
import time
from collections.abc import Callable, Iterator

import numpy as np

import minibig
from minibig.autograd import check_gradients, reference, tensor
from minibig.backend import generator
from minibig.diagnosis.machine import BROKEN, GOOD, Finding, kernels_are_off
from minibig.models import GPT, GPTConfig
from minibig.ops import attention, cross_entropy, layer_norm
from minibig.optim import AdamW
from minibig.storage import load_checkpoint, save_checkpoint

_SECONDS = 0.2  # of each measurement of speed
_TOLERANCE = 1e-4  # of float32 through a few layers: ten times what was seen


def gradient_check() -> str:
    """Attention, normalization and loss against central differences, in float64."""
    random = generator(0, "gradient check")
    x, weight, bias = (tensor(random.standard_normal(s)) for s in ((2, 5, 8), (8,), (8,)))

    def f(x, weight, bias):  # type: ignore[no-untyped-def]
        h = layer_norm(x, weight, bias)
        return cross_entropy(attention(h, h, h, causal=True), np.arange(10).reshape(2, 5) % 8)

    check_gradients(f, x, weight, bias, order=2)
    return "to the second order"


def kernels_against_formulas() -> str:
    """The loss of a small GPT and all its gradients, with the kernels and without."""
    model, ids = _small_gpt(n_layers=2), _batch()[:3]

    def all_gradients() -> list[np.ndarray]:
        model.zero_grad()
        loss = cross_entropy(model(ids[:, :-1]), tensor(ids[:, 1:]))
        loss.backward()
        return [loss.numpy(), *(p.grad.numpy() for p in model.parameters() if p.grad is not None)]

    fast = all_gradients()
    with reference():
        slow = all_gradients()
    error = max(
        float(np.abs(a - b).max() / (np.abs(b).max() + 1e-12))
        for a, b in zip(fast, slow, strict=True)
    )
    if not error < _TOLERANCE:
        raise AssertionError(f"kernels and formulas differ by {error:.1e} of the largest number")
    if kernels_are_off():
        return "the kernels are off, these are the formulas"
    return f"{len(fast)} arrays agree to {error:.0e}"


def checkpoint_and_back() -> str:
    """A checkpoint, written and read."""
    arrays = {name: value.numpy() for name, value in _small_gpt(n_layers=1).named_parameters()}
    with tempfile.TemporaryDirectory() as folder:
        save_checkpoint(folder, arrays, {"step": 1})
        found, state = load_checkpoint(folder)
    if state != {"step": 1} or any(
        found[name].tobytes() != array.tobytes() for name, array in arrays.items()
    ):
        raise AssertionError("a checkpoint came back changed")
    return f"{sum(array.nbytes for array in arrays.values()) / 1e6:.1f} MB to the bit"


def matrix_product_speed() -> str:
    """A product of 1024 x 1024 matrices: 2·1024³ operations."""
    n = 1024
    a = generator(0, "product").standard_normal((n, n)).astype(np.float32)
    out = np.empty_like(a)
    return f"{2 * n**3 / _shortest(lambda: np.matmul(a, a, out=out)) / 1e9:,.0f} GFLOP/s in float32"


def memory_speed() -> str:
    """x + y over arrays that no cache holds: two are read, one is written."""
    n = 1 << 23
    x, y, out = (np.ones(n, np.float32) for _ in range(3))

    def add(i: int, j: int) -> None:
        np.add(x[i:j], y[i:j], out=out[i:j])

    def all_blocks() -> None:
        if minibig.kernels is None:
            add(0, n)
        else:
            minibig.kernels.parallel.for_blocks(add, n, 1 << 20)

    seconds = _shortest(all_blocks)
    return f"{3 * x.nbytes / seconds / 1e9:,.1f} GB/s"


def training_speed() -> str:
    """A step of the GPT of the preset shakespeare-char: batch 12, context 64."""
    model, ids = _small_gpt(n_layers=4), _batch()
    optimizer = AdamW(list(model.parameters()), lr=1e-3)

    def step() -> None:
        cross_entropy(model(ids[:, :-1]), tensor(ids[:, 1:])).backward()
        optimizer.step()
        optimizer.zero_grad()

    step()
    seconds = _shortest(step)
    return f"{seconds * 1e3:,.0f} ms, {12 * 64 / seconds:,.0f} tokens/s"


TESTS: dict[str, Callable[[], str]] = {
    "gradient check": gradient_check,
    "kernels and formulas": kernels_against_formulas,
    "checkpoint and back": checkpoint_and_back,
    "matrix product": matrix_product_speed,
    "memory bandwidth": memory_speed,
    "training step": training_speed,
}


def outcomes() -> Iterator[Finding]:
    """What each test measured, or why it failed."""
    for name, test in TESTS.items():
        try:
            yield Finding(name, GOOD, test())
        except Exception as error:  # whatever is broken
            reason = f"{type(error).__name__}: {error}"
            yield Finding(name, BROKEN, reason, "Install minibig and NumPy anew, or report this.")


def _small_gpt(n_layers: int) -> GPT:
    return GPT(GPTConfig(65, context_length=64, n_layers=n_layers, n_heads=4, d_model=128))


def _batch() -> np.ndarray:
    return generator(0, "batch").integers(0, 65, (12, 65))


def _shortest(action: Callable[[], object]) -> float:
    """The shortest of the times that fit into `_SECONDS`: what the machine can do undisturbed."""
    began, shortest = time.perf_counter(), float("inf")
    while time.perf_counter() - began < _SECONDS:
        start = time.perf_counter()
        action()
        shortest = min(shortest, time.perf_counter() - start)
    return shortest

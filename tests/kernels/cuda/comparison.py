"""A CUDA kernel against its formula in float64 on the CPU."""

import contextlib
from collections.abc import Iterator

import numpy as np
from tolerances import assert_close

import minibig as mb
from minibig.kernels.cuda import compilation


@contextlib.contextmanager
def launches() -> Iterator[set[str]]:
    """The names of the kernels that are launched within it."""
    names: set[str] = set()
    compiled = compilation._compiled

    def recorded(xp, file, name, definitions):
        names.add(name)
        return compiled(xp, file, name, definitions)

    compilation._compiled = recorded
    try:
        yield names
    finally:
        compilation._compiled = compiled


def outputs_and_gradients(f, arrays, device):
    """What f gives on a device, and the gradients of its floating-point inputs."""
    xs = [
        None if x is None else mb.tensor(x, device=device, requires_grad=x.dtype.kind == "f")
        for x in arrays
    ]
    y = f(*xs)
    upstream = np.random.default_rng(7).standard_normal(y.shape).astype(y.dtype)
    y.backward(mb.tensor(upstream, device=device))
    gradients = [x.grad.numpy() for x in xs if x is not None and x.requires_grad]
    return [y.numpy(), *gradients]


def expect_formula(f, *arrays, dtype="float64"):
    """Raise unless kernels and formula agree, twice to the bit; the names of the kernels."""
    stored = [x if x is None or x.dtype.kind != "f" else x.astype(dtype) for x in arrays]
    exact = [x if x is None or x.dtype.kind != "f" else x.astype("float64") for x in stored]
    with mb.reference():
        expected = outputs_and_gradients(f, exact, "cpu")
    with launches() as names:
        first, second = (outputs_and_gradients(f, stored, "cuda") for _ in range(2))
    n = max(x.size for x in arrays if x is not None)
    for a, b, c in zip(first, expected, second, strict=True):
        assert a.dtype == dtype
        assert_close(a, b, dtype, n)
        assert a.tobytes() == c.tobytes(), "a second run gives other bits: is a barrier missing?"
    return names

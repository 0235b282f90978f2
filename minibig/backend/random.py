"""Random numbers: one seed, a named stream for each use, and dropout masks that can be recomputed.

A stream is a NumPy generator whose key is a hash of the seed and the stream's name: drawing more
numbers for one use never moves another. Initial weights and data order are drawn on the CPU and
uploaded, so that a seed means the same on every device.

A dropout mask is a function of its key and of the number of the example, not of a state: Philox
4x64-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"), counted from the
example's number. The same bits come out on every device and every rank, and again in a
recomputation.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from minibig.backend.devices import Array, Device, Shape, to_device
from minibig.backend.errors import InputError

def _hashed(*parts: object) -> int:
    """128 bits that depend on every part."""
    import hashlib  # it loads a cryptographic library

    text = "\x1f".join(map(str, parts)).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=16).digest(), "little")

class _Streams:
    """The seed and the generators that were made from it."""

    def __init__(self) -> None:
        self.seed = 0
        self.generators: dict[str, Any] = {}  # np.random is imported when first used

_streams = _Streams()

def manual_seed(seed: int) -> None:
    """Start every random stream again from `seed`.

    >>> manual_seed(7)
    >>> first = stream("example").random()
    >>> manual_seed(7)
    >>> stream("example").random() == first
    True
    """
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise InputError(f"seed must be a whole number from 0 on; got {seed!r}.")
    _streams.seed = int(seed)
    _streams.generators.clear()

def stream(name: str) -> "np.random.Generator":
    """The random generator for one use, such as "init" or "sampling".

    >>> manual_seed(7)
    >>> stream("init") is stream("init"), stream("init") is stream("sampling")
    (True, False)
    """
    if name not in _streams.generators:
        _streams.generators[name] = generator(_streams.seed, name)
    return _streams.generators[name]

def generator(*key: object) -> "np.random.Generator":
    """A fresh generator, the same for the same key.

    >>> int(generator(3, "data").integers(100)) == int(generator(3, "data").integers(100))
    True
    """
    return np.random.Generator(np.random.PCG64(_hashed(*key)))

def random_state() -> dict[str, Any]:
    """The seed and the state of every stream, as plain numbers and strings (JSON)."""
    states = {name: g.bit_generator.state for name, g in _streams.generators.items()}
    return {"seed": _streams.seed, "streams": states}

def set_random_state(state: dict[str, Any]) -> None:
    """Put every stream where it was when `random_state` was called.

    >>> saved = random_state()
    >>> first = stream("init").random()
    >>> set_random_state(saved)
    >>> stream("init").random() == first
    True
    """
    manual_seed(state["seed"])
    for name, inner in state["streams"].items():
        stream(name).bit_generator.state = inner

@dataclass(frozen=True)
class DropoutKey:
    """What a dropout mask depends on: a 128-bit key, and the global number of the first example."""

    key: int
    first_example: int = 0

class _Clock(threading.local):
    """Where training stands, for the keys of dropout; per thread."""

    position: tuple[int, int, int] = (0, 0, 0)
    calls: dict[str, int] | None = None
    recorded: list[DropoutKey] | None = None
    replayed: list[DropoutKey] | None = None

_clock = _Clock()

@contextmanager
def training_step(step: int, micro_step: int = 0, first_example: int = 0) -> Iterator[None]:
    """Within it, dropout keys belong to this step, micro-step and place in the global batch.

    Entering the same step again gives the same masks: that is what makes a resumed run exact.
    """
    saved = _clock.position, _clock.calls
    _clock.position, _clock.calls = (step, micro_step, first_example), {}
    try:
        yield
    finally:
        _clock.position, _clock.calls = saved

def dropout_key(path: str) -> DropoutKey:
    """The key of the next dropout mask of the module called `path`.

    It is made of the seed, the step, the micro-step, the path and the number of the call.
    """
    if _clock.replayed is not None:
        key = _clock.replayed.pop(0)
    else:
        step, micro_step, first_example = _clock.position
        _clock.calls = {} if _clock.calls is None else _clock.calls
        call = _clock.calls[path] = _clock.calls.get(path, -1) + 1
        key = DropoutKey(_hashed(_streams.seed, step, micro_step, path, call), first_example)
    if _clock.recorded is not None:
        _clock.recorded.append(key)
    return key

@contextmanager
def recorded_keys(keys: list[DropoutKey]) -> Iterator[None]:
    """Within it, every dropout key drawn is appended to `keys` as well."""
    outer = _clock.recorded
    _clock.recorded = keys
    try:
        yield
    finally:
        _clock.recorded = outer
        if outer is not None:
            outer.extend(keys)

@contextmanager
def replayed_keys(keys: list[DropoutKey]) -> Iterator[None]:
    """Within it, dropout draws the keys of `keys` again, in their order."""
    outer = _clock.replayed
    _clock.replayed = list(keys)
    try:
        yield
    finally:
        _clock.replayed = outer

def keep_mask(shape: Shape, p: float, key: DropoutKey, device: Device) -> Array:
    """A bool array, False with probability p; axis 0 counts the examples.

    Lane j of example i is 32 bits of Philox4x64-10 under `key`, from the counter
    (0, first_example + i, 0, 0) on; it is kept if the bits are at least p·2³².

    >>> from minibig.backend.devices import CPU
    >>> whole = keep_mask((4, 1000), 0.25, DropoutKey(1), CPU)
    >>> part = keep_mask((2, 1000), 0.25, DropoutKey(1, first_example=2), CPU)
    >>> bool((whole[2:] == part).all()), 0.2 < 1 - float(whole.mean()) < 0.3
    (True, True)
    """
    examples = shape[0] if shape else 1
    lanes = int(np.prod(shape[1:], dtype=np.int64))
    bits = np.empty((examples, (lanes + 1) // 2), dtype=np.uint64)
    for i in range(examples):
        counter = [0, key.first_example + i, 0, 0]
        bits[i] = np.random.Philox(key=key.key, counter=counter).random_raw(bits.shape[1])
    threshold = np.uint32(min(int(p * 2.0**32), 2**32 - 1))
    keep = bits.view(np.uint32)[:, :lanes] >= threshold
    return to_device(keep.reshape(shape), device)

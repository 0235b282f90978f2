"""Random numbers: one seed, a named stream for each use, and dropout masks that can be recomputed.

A stream is a NumPy generator whose key is a hash of the seed and the stream's name: drawing more
numbers for one use never moves another. Streams are drawn on the CPU and uploaded, so that a seed
means the same on every device.

A dropout mask is a function of its key and of the number of the example, not of a state: Philox
4x64-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"). The same bits come out
on every device and every rank, and again in a recomputation.
"""

from typing import Any, NamedTuple

import numpy as np

from minibig.backend.checks import whole
from minibig.backend.devices import Array, Device, Shape, to_device
from minibig.backend.thread_state import Switch, ThreadState


def _hashed(*parts: object) -> int:
    """128 bits that depend on every part."""
    import hashlib  # it loads a cryptographic library

    text = "\x1f".join(map(str, parts)).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=16).digest(), "little")


_seed = 0
_streams: dict[str, Any] = {}  # generators by their names; np.random is imported when first used


def manual_seed(seed: int) -> None:
    """Start every random stream again from `seed`.

    >>> manual_seed(7)
    >>> first = stream("example").random()
    >>> manual_seed(7)
    >>> stream("example").random() == first
    True
    """
    global _seed
    _seed = whole("seed", seed, least=0)
    _thread.dropout = _thread.dropout._replace(seed=None, calls={})
    _streams.clear()


def stream(name: str) -> "np.random.Generator":
    """The random generator for one use, such as "init" or "sampling": one for each name."""
    if name not in _streams:
        _streams.setdefault(name, generator(_seed, name))  # another thread may have been faster
    return _streams[name]


def generator(*key: object) -> "np.random.Generator":
    """A fresh generator, the same for the same key."""
    return np.random.Generator(np.random.PCG64(_hashed(*key)))


def random_state() -> dict[str, Any]:
    """The seed and the state of every stream, as plain numbers and strings (JSON)."""
    states = {name: generator.bit_generator.state for name, generator in _streams.items()}
    return {"seed": _seed, "streams": states}


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


class DropoutKey(NamedTuple):
    """What a dropout mask depends on: a 128-bit key, and the global number of the first example."""

    key: int
    first_example: int = 0


class DropoutState(NamedTuple):
    """Where training stands: with the path of a module, all that a dropout key is made of."""

    step: int
    micro_step: int
    first_example: int
    seed: int | None  # None: the one that was set last
    calls: dict[str, int]  # how many keys each path has had


class _State(ThreadState):
    def __init__(self) -> None:
        self.dropout = DropoutState(0, 0, 0, None, {})


_thread = _State()


def dropout_state() -> DropoutState:
    """Where training stands now, in this thread; `dropout_from` goes back there."""
    now = _thread.dropout
    return now._replace(seed=_seed if now.seed is None else now.seed)


def dropout_from(state: DropoutState) -> Switch:
    """Within it, dropout draws the keys that it drew from a state on."""
    return Switch(_thread, "dropout", state)


def training_step(step: int, micro_step: int = 0, first_example: int = 0) -> Switch:
    """Within it, dropout keys belong to this step, micro-step and place in the global batch.

    Entering the same step again gives the same masks: that is what makes a resumed run exact.
    """
    return dropout_from(DropoutState(step, micro_step, first_example, None, {}))


def dropout_key(path: str) -> DropoutKey:
    """The key of the next dropout mask of the module called `path`.

    It is made of the seed, the step, the micro-step, the path and the number of the call.
    """
    now = dropout_state()
    call = now.calls.get(path, 0)
    _thread.dropout = _thread.dropout._replace(calls={**now.calls, path: call + 1})
    key = _hashed(now.seed, now.step, now.micro_step, path, call)
    return DropoutKey(key, now.first_example)


def keep_mask(shape: Shape, p: float, key: DropoutKey, device: Device) -> Array:
    """A bool array, False with probability p; axis 0 counts the examples.

    Lane j of example i is 32 bits of Philox4x64-10 under `key`, from the counter
    (0, first_example + i, 0, 0) on; it is kept if the bits are at least p·2³².

    >>> whole = keep_mask((4, 1000), 0.25, DropoutKey(1), mb.device("cpu"))
    >>> part = keep_mask((2, 1000), 0.25, DropoutKey(1, first_example=2), mb.device("cpu"))
    >>> bool((whole[2:] == part).all()), 0.2 < 1 - float(whole.mean()) < 0.3
    (True, True)
    """
    examples = shape[0] if shape else 1
    lanes = int(np.prod(shape[1:], dtype=np.int64))
    bits = np.empty((examples, (lanes + 1) // 2), dtype=np.uint64)
    for i in range(examples):
        counter = [0, key.first_example + i, 0, 0]
        bits[i] = np.random.Philox(key=key.key, counter=counter).random_raw(bits.shape[1])
    keep = bits.view(np.uint32)[:, :lanes] >= np.uint32(keep_threshold(p))
    return to_device(keep.reshape(shape), device)


def keep_threshold(p: float) -> int:
    """p·2³²: a lane with fewer bits is dropped."""
    return min(int(p * 2.0**32), 2**32 - 1)

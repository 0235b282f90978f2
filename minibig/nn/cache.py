"""What a model keeps of a text while it goes on with it token by token.

Keys and values of earlier tokens never change, because nothing they depend on comes later. Kept
here, a new token costs one row of attention instead of the whole triangle.

What a layer keeps, whatever it is, offers the same three: its `length` in tokens, `truncate` to
forget the last of them, and `select` to go on with some of the texts. `Cache` does it for all
layers at once.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Protocol

import numpy as np

from minibig.autograd import Tensor
from minibig.backend import CPU, Array, InputError, to_device, to_numpy
from minibig.backend.checks import refusal, whole
from minibig.nn.embedding import ids_array
from minibig.nn.shapes import expect_axes
from minibig.ops import checked_ids, zeros


class LayerState(Protocol):
    """What one layer keeps of the tokens so far."""

    @property
    def length(self) -> int:
        """How many tokens of each text were read."""
        ...

    @property
    def batch_size(self) -> int:
        """How many texts there are."""
        ...

    def truncate(self, length: int) -> None:
        """Forget all tokens from number `length` on."""
        ...

    def select(self, rows: Any) -> None:
        """Go on with the texts of these numbers, in this order; a text may be taken twice."""
        ...


class KeyValueCache:
    """The keys and values of all tokens so far, for one attention layer.

    Room for `capacity` tokens is reserved at once, and doubled whenever it is not enough. `append`
    returns views, not copies. It holds constants: no derivative goes back through a cache.

    Shapes:  k and v (B, H, T, K)  ->  (B, H, length, K).
    Raises:  InputError if B, H or K are not those of the cache, or if a derivative is recorded.

    >>> cache = KeyValueCache(batch_size=1, n_heads=2, head_size=4)
    >>> k, v = cache.append(zeros((1, 2, 3, 4)), zeros((1, 2, 3, 4)))
    >>> k, v = cache.append(zeros((1, 2, 1, 4)), zeros((1, 2, 1, 4)))
    >>> cache.length, v.shape
    (4, (1, 2, 4, 4))
    """

    def __init__(
        self,
        batch_size: int,
        n_heads: int,
        head_size: int,
        capacity: int = 64,
        dtype: Any = "float32",
        device: Any = None,
    ):
        sizes = {"batch_size": batch_size, "n_heads": n_heads, "head_size": head_size}
        for name, size in (*sizes.items(), ("capacity", capacity)):
            whole(name, size, least=1)
        self.length = 0
        shape = (batch_size, n_heads, capacity, head_size)
        self.keys = zeros(shape, dtype, device)
        self.values = zeros(shape, dtype, device)

    @property
    def capacity(self) -> int:
        """For how many tokens there is room now."""
        return self.keys.shape[2]

    @property
    def batch_size(self) -> int:
        return self.keys.shape[0]

    def append(self, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Add the keys and values of T more tokens; returns all so far, as views."""
        B, H, _, K = self.keys.shape
        expect_axes("keys", k, "B H T K", B=B, H=H, K=K)
        expect_axes("values", v, "B H T K", B=B, H=H, T=k.shape[2], K=K)
        if k.requires_grad or v.requires_grad:
            raise InputError(
                "a key-value cache holds constants, so derivatives would be lost. Call the model "
                "within mb.no_grad(), or without a cache."
            )
        end = self.length + k.shape[2]
        if end > self.capacity:
            self._copy(np.arange(B), max(end, 2 * self.capacity))
        self.keys.data[:, :, self.length : end] = k.data
        self.values.data[:, :, self.length : end] = v.data
        self.length = end
        return Tensor(self.keys.data[:, :, :end]), Tensor(self.values.data[:, :, :end])

    def truncate(self, length: int) -> None:
        self.length = whole("length", length, 0, self.length)

    def select(self, rows: Any) -> None:
        chosen = _numbers_of_texts(rows, self.batch_size)
        if chosen.tolist() != [*range(self.batch_size)]:
            self._copy(chosen, self.capacity)

    def _copy(self, rows: Array, capacity: int) -> None:
        """Move the tokens of these rows into arrays with room for `capacity` of them."""
        for name in ("keys", "values"):
            old = getattr(self, name)
            _, H, _, K = old.shape
            new = zeros((len(rows), H, capacity, K), old.dtype, old.device)
            kept = old.data[:, :, : self.length]
            new.data[:, :, : self.length] = kept[to_device(rows, old.device)]
            setattr(self, name, new)

    def __repr__(self) -> str:
        B, H, capacity, K = self.keys.shape
        return f"KeyValueCache({B}, {H}, {K}, length={self.length}, capacity={capacity})"


class Cache:
    """What all layers of a model keep: one object that knows how much of the texts was read.

    >>> cache = Cache(KeyValueCache(batch_size=3, n_heads=2, head_size=4) for _ in range(2))
    >>> for layer in cache:
    ...     k, v = layer.append(zeros((3, 2, 5, 4)), zeros((3, 2, 5, 4)))
    >>> cache.truncate(4)
    >>> cache.select([2, 0])
    >>> cache
    Cache(2 layers, 2 texts of 4 tokens)
    """

    def __init__(self, layers: Iterable[LayerState]):
        self.layers = list(layers)
        if not self.layers:
            raise InputError("a cache needs what at least one layer keeps; got no layer.")

    @property
    def length(self) -> int:
        """How many tokens of each text were read."""
        return self.layers[0].length

    @property
    def batch_size(self) -> int:
        """How many texts there are."""
        return self.layers[0].batch_size

    def truncate(self, length: int) -> None:
        """Let all layers forget the tokens from number `length` on.

        Raises:  InputError unless 0 <= length <= self.length; then nothing has changed.
        """
        length = whole("length", length, 0, self.length)
        for layer in self.layers:
            layer.truncate(length)

    def select(self, rows: Any) -> None:
        """Let all layers go on with the texts of these numbers, in this order.

        Raises:  InputError for a number that no text has; then nothing has changed.
        """
        chosen = _numbers_of_texts(rows, self.batch_size)
        for layer in self.layers:
            layer.select(chosen)

    def __len__(self) -> int:
        return len(self.layers)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.layers)

    def __getitem__(self, i: int) -> Any:
        return self.layers[i]

    def __repr__(self) -> str:
        return f"Cache({len(self)} layers, {self.batch_size} texts of {self.length} tokens)"


def _numbers_of_texts(rows: Any, batch_size: int) -> Array:
    """Numbers of texts as an array on the CPU, if there are such texts."""
    chosen = to_numpy(ids_array(rows, CPU))
    if chosen.ndim != 1 or not len(chosen):
        raise refusal("rows", "numbers of texts in one row, at least one", chosen.tolist())
    return checked_ids(chosen, batch_size, "rows")

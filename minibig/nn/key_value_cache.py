"""The memory of an attention layer while a text is written token by token.

Keys and values of earlier tokens never change, because nothing they depend on comes later. Kept
here, a new token costs one row of attention instead of the whole triangle.
"""

from typing import Any

from minibig.autograd import Tensor
from minibig.backend import InputError
from minibig.backend.checks import whole
from minibig.nn.shapes import expect_shape
from minibig.ops import zeros


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

    def append(self, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Add the keys and values of T more tokens; returns all so far, as views."""
        B, H, _, K = self.keys.shape
        expect_shape("keys", k, "B H T K", B=B, H=H, K=K)
        expect_shape("values", v, "B H T K", B=B, H=H, T=k.shape[2], K=K)
        if k.requires_grad or v.requires_grad:
            raise InputError(
                "a key-value cache holds constants, so derivatives would be lost. Call the model "
                "within mb.no_grad(), or without a cache."
            )
        end = self.length + k.shape[2]
        if end > self.capacity:
            self._grow(max(end, 2 * self.capacity))
        self.keys.data[:, :, self.length : end] = k.data
        self.values.data[:, :, self.length : end] = v.data
        self.length = end
        return Tensor(self.keys.data[:, :, :end]), Tensor(self.values.data[:, :, :end])

    def truncate(self, length: int) -> None:
        """Forget all tokens from number `length` on."""
        if not 0 <= length <= self.length:
            raise InputError(f"length must lie between 0 and {self.length}; got {length}.")
        self.length = length

    def _grow(self, capacity: int) -> None:
        for name in ("keys", "values"):
            old = getattr(self, name)
            B, H, _, K = old.shape
            new = zeros((B, H, capacity, K), old.dtype, old.device)
            new.data[:, :, : self.length] = old.data[:, :, : self.length]
            setattr(self, name, new)

    def __repr__(self) -> str:
        B, H, capacity, K = self.keys.shape
        return f"KeyValueCache({B}, {H}, {K}, length={self.length}, capacity={capacity})"

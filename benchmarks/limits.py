"""Limits: matrix products of some shapes, or reading so many bytes, and nothing around them."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from benchmarks.workload import Action


class Product(NamedTuple):
    """`count` products (batch, m, k) x (batch, k, n) of float32; batch 1 for plain matrices."""

    m: int
    k: int
    n: int
    batch: int = 1
    count: int = 1

    @property
    def operations(self) -> int:
        """Multiplications and additions."""
        return 2 * self.m * self.k * self.n * self.batch * self.count


def products(shapes: Sequence[Product]) -> Action:
    """All these products, one after the other, by NumPy's BLAS with all its threads."""
    numbers = np.random.default_rng(0)

    def matrix(batch: int, rows: int, columns: int) -> np.ndarray:
        shape = (rows, columns) if batch == 1 else (batch, rows, columns)
        return numbers.standard_normal(shape, np.float32)

    operands = {(p.m, p.k, p.n, p.batch): () for p in shapes}
    for m, k, n, batch in operands:
        out = np.empty((m, n) if batch == 1 else (batch, m, n), np.float32)
        operands[m, k, n, batch] = (matrix(batch, m, k), matrix(batch, k, n), out)
    calls = [operands[p.m, p.k, p.n, p.batch] for p in shapes for _ in range(p.count)]

    def action() -> None:
        for a, b, out in calls:
            np.matmul(a, b, out=out)

    return action


def backward(forward: Sequence[Product]) -> list[Product]:
    """The products of the derivatives with respect to both factors: y = a b, ga = g bᵀ, gb = aᵀ g.

    >>> backward([Product(2, 3, 5)])
    [Product(m=2, k=5, n=3, batch=1, count=1), Product(m=3, k=2, n=5, batch=1, count=1)]
    """
    found = []
    for m, k, n, batch, count in forward:
        found += [Product(m, n, k, batch, count), Product(k, m, n, batch, count)]
    return found


def reading(n_bytes: int) -> Action:
    """Reading so many bytes of memory once, on all cores: the sum of squares of float32."""
    from minibig.kernels.parallel import for_blocks

    numbers = np.ones(n_bytes // 4, np.float32)

    def block(start: int, stop: int) -> None:
        np.dot(numbers[start:stop], numbers[start:stop])

    return lambda: for_blocks(block, len(numbers), 1 << 18)

"""Diagonals of matrices, and matrices with a given diagonal: picking xᵢᵢ, and putting it back."""

from minibig.autograd import Tensor, composite
from minibig.backend import Array, InputError, namespace
from minibig.ops.indexing import add_at, array_of, getitem_at
from minibig.ops.shapes import checked_axis, transpose

def _places(n: int, m: int, k: int, x: Array) -> tuple[Array, Array]:
    """Rows and columns of the k-th diagonal of a matrix (n, m); above the main one if k > 0."""
    row, column = max(-k, 0), max(k, 0)
    i = namespace(x).arange(max(0, min(n - row, m - column)))
    return i + row, i + column

@composite
def diagonal(x, /, k: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The k-th diagonal over two axes of x, as the last axis of the result.

    >>> mb.diagonal(mb.tensor([[1, 2], [3, 4]]))
    tensor([1, 4])
    """
    a, b = (checked_axis(axis, x.ndim, "diagonal") for axis in (axis1, axis2))
    if a == b:
        raise InputError(f"diagonal needs two axes that differ; got {axis1} and {axis2}.")
    x = transpose(x, [i for i in range(x.ndim) if i not in (a, b)] + [a, b])
    n, m = x.shape[-2:]
    others = (slice(None),) * (x.ndim - 2)
    return getitem_at(x, index=(*others, *_places(n, m, k, array_of(x))))

@composite
def diag(x, /, k: int = 0) -> Tensor:
    """The k-th diagonal of a matrix; of a vector, the matrix that has it there and 0 elsewhere.

    >>> mb.diag(mb.tensor([1, 2])).tolist()
    [[1, 0], [0, 2]]
    """
    if x.ndim == 2:
        return diagonal(x, k)
    if x.ndim != 1:
        raise InputError(f"diag needs a vector or a matrix; got shape {x.shape}.")
    n = len(x) + abs(k)
    return add_at(x, index=_places(n, n, k, array_of(x)), shape=(n, n))

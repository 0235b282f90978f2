"""embedding on NumPy: the gradient adds up the rows of each token, sorted, not one by one."""

import numpy as np

from minibig.kernels.loops import loop
from minibig.kernels.parallel import as_rows
from minibig.ops import embedding


@loop
def add_rows(rows, order, starts, ids, y):
    """y[ids[i]] = Σ rows[order[j]] over the j from starts[i] to starts[i + 1].

    In float64: a token that comes a hundred thousand times keeps the digits of its gradient.

    >>> y = np.zeros((3, 2))
    >>> add_rows(np.ones((5, 2)), np.arange(5), np.array([0, 3, 5]), np.array([2, 0]), y)
    >>> y.tolist()
    [[2.0, 2.0], [0.0, 0.0], [3.0, 3.0]]
    """
    y[ids] = np.add.reduceat(rows[order].astype(np.float64), starts[:-1], axis=0)


@embedding.kernel("cpu")
def forward(weight, ids, *, keep):
    return weight[ids], (weight.shape, ids)


@forward.vjp
def backward(g, residuals, *, needed, owned, last):
    shape, ids = residuals
    gradient = np.zeros(shape, g.dtype)
    if g.size:
        flat = ids.reshape(-1)
        order = np.argsort(flat, kind="stable")
        found, firsts = np.unique(flat[order], return_index=True)
        rows = as_rows(g.reshape(len(flat), -1))
        starts = np.append(firsts, len(flat))
        add_rows(rows, order, starts, found.astype(np.int64), gradient.reshape(shape[0], -1))
    return gradient, None

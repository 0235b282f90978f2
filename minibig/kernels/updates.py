"""Updates: all parameters in one region, block by block and in place.

Muon's products run on one thread.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from minibig.backend import Array
from minibig.kernels.loops import loop
from minibig.kernels.parallel import BLOCK, is_plain, on_one_blas_thread, run_tasks
from minibig.ops import adam_update, adamw_update, orthogonalized
from minibig.ops.updates import clip_by_global_norm


@loop
def adamw_numbers(p, g, m, v, lr, betas, eps, weight_decay, t):
    """p' = (1 − lr·λ)p − lr·m̂ / (√v̂ + ε),  m' = β₁m + (1 − β₁)g,  v' = β₂v + (1 − β₂)g²."""
    beta1, beta2 = betas
    m *= beta1
    m += (1 - beta1) * g
    v *= beta2
    v += (1 - beta2) * (g * g)
    p *= 1 - lr * weight_decay
    root = np.sqrt(v) * (1 / math.sqrt(1 - beta2**t))
    p -= lr / (1 - beta1**t) * m / (root + eps)


def _for_all(function: Callable[..., Any], rows: Iterable[Sequence[Array]]) -> list[Any]:
    """function(*numbers) for each block of the numbers of every row of arrays, in one region.

    A task has about BLOCK numbers: threads that come back often wait for the interpreter lock.
    """
    flat = [[x.reshape(-1) for x in row] for row in rows]
    pieces = [[x[i : i + BLOCK] for x in row] for row in flat for i in range(0, row[0].size, BLOCK)]
    sizes = np.array([len(piece[0]) for piece in pieces], np.int64)
    firsts = np.unique(np.cumsum(sizes) // BLOCK, return_index=True)[1]
    results: list[Any] = [None] * len(pieces)

    def task(i: int, j: int) -> None:
        results[i:j] = [function(*piece) for piece in pieces[i:j]]

    run_tasks([partial(task, i, j) for i, j in pairwise([*firsts.tolist(), len(pieces)])])
    return results


def _takes(rows: Sequence[Sequence[Array]]) -> bool:
    """Whether all arrays are plain, can be written where they are, and fit the first of a row."""
    fit = all([x.shape == row[0].shape and x.flags.carray for row in rows for x in row])
    return fit and is_plain(*[x for row in rows for x in row])


def adamw_for_each(rows, *, lr, betas, eps, weight_decay, t):
    """adamw_update of every row (p, g, m, v), in place; whether it was done."""
    apart = {id(p) for p, *_ in rows if p.base is None}  # of views, two may share their numbers
    if len(apart) < len(rows) or not _takes(rows):
        return False
    _for_all(lambda *row: adamw_numbers(*row, lr, betas, eps, weight_decay, t), rows)
    return True


def adam_for_each(rows, *, weight_decay, **settings):
    """adam_update of every row, which without weight decay is adamw_update."""
    return not weight_decay and adamw_for_each(rows, weight_decay=0.0, **settings)


@adamw_update.kernel("cpu")
def adamw_forward(p, g, m, v, *, keep, **settings):
    done = not keep and adamw_for_each([(p, g, m, v)], **settings)
    return ((p, m, v), None) if done else NotImplemented


@adam_update.kernel("cpu")
def adam_forward(*row, weight_decay, **settings):
    return NotImplemented if weight_decay else adamw_forward(*row, weight_decay=0.0, **settings)


adamw_forward.for_each, adam_forward.for_each = adamw_for_each, adam_for_each


@clip_by_global_norm.kernel("cpu")
def clip_forward(*gradients, max_norm):
    rows = [(g,) for g in gradients]
    if not _takes(rows):
        return NotImplemented

    def squares(g: Array) -> float:
        return np.einsum("i,i->", g, g, dtype=np.float64)

    norm = math.sqrt(sum(_for_all(squares, rows)))
    if max_norm < norm < math.inf:
        _for_all(lambda g: np.multiply(g, max_norm / norm, out=g), rows)
    return np.asarray(norm), *gradients


@orthogonalized.kernel("cpu")
def orthogonalized_forward(x, *, keep, steps):
    """The formula: its products are small, and wait longer for other threads than they take.

    On one thread their bits do not depend on how many cores there are, either.
    """
    formula = partial(orthogonalized.definition, x, steps=steps)
    return NotImplemented if keep else (on_one_blas_thread(formula), None)

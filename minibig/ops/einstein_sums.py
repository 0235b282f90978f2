"""Einstein's summation: a product of tensors, summed over every letter that the result lacks.

    einsum("ik,kj->ij", a, b)ᵢⱼ = Σₖ aᵢₖ·bₖⱼ

It has no rule of its own, being sums, transpositions and products of matrices. Two operands become
two stacks of matrices: letters of both that are still needed are the stack, letters of one are rows
or columns, and letters of both that nobody needs any more are what the product sums over. More
operands are multiplied from left to right. Of an operand that has a letter twice, the diagonal over
these axes is taken first. An ellipsis has the labels −n, ..., −1, and broadcasts.
"""

import math
from typing import Any

from minibig.autograd import Tensor, reshape
from minibig.autograd.operations import expect_tensors
from minibig.backend import InputError
from minibig.ops.diagonals import diagonal
from minibig.ops.products import matmul
from minibig.ops.shapes import transpose

def einsum(subscripts: str, /, *xs) -> Tensor:
    """The sum of products that `subscripts` describes, as numpy.einsum.

    >>> mb.einsum("ij,j->i", mb.tensor([[1.0, 2.0], [3.0, 4.0]]), mb.tensor([5.0, 6.0]))
    tensor([17., 39.])
    """
    expect_tensors("einsum", xs)
    terms, output = _parsed(subscripts, xs)
    (x, a), *others = [_with_letters_once(*pair) for pair in zip(xs, terms, strict=True)]
    for i, (y, b) in enumerate(others, 2):
        x, a = _multiplied(x, a, y, b, {*output, *[c for term in terms[i:] for c in term]})
    x, a = _summed(x, a, output)
    return transpose(x, [a.index(c) for c in output])

def _parsed(subscripts: Any, xs: Any) -> tuple[list[list[Any]], list[Any]]:
    """The labels of the operands' axes, and those of the result."""
    left, arrow, right = str(subscripts).replace(" ", "").partition("->")
    if left.count(",") + 1 != len(xs):
        raise InputError(f"einsum: {subscripts!r} does not describe the {len(xs)} operands given.")
    terms = [_labels(term, x.ndim) for term, x in zip(left.split(","), xs, strict=True)]
    lengths: dict[Any, int] = {}
    for term, x in zip(terms, xs, strict=True):
        if len(term) != x.ndim or not all(isinstance(c, int) or c.isalpha() for c in term):
            needed = f"{subscripts!r} must have one letter for an axis"
            raise InputError(f"einsum: {needed}; got {x.shape}.")
        for label, n in zip(term, x.shape, strict=True):
            known = lengths.setdefault(label, n)
            if known != n and (isinstance(label, str) or 1 not in (known, n)):
                name = label if isinstance(label, str) else "..."
                raise InputError(f"einsum: {name} of {subscripts!r} has lengths {known} and {n}.")
    dots = sorted(label for label in lengths if isinstance(label, int))
    once = sorted(c for c in {*lengths}.difference(dots) if left.count(c) == 1)
    output = _labels(right, len(right.replace("...", "")) + len(dots)) if arrow else dots + once
    if len({*output}) < len(output) or not {*dots} <= {*output} <= {*lengths}:
        needed = "must name letters of its operands, each once, and '...' if they do"
        raise InputError(f"einsum: the result of {subscripts!r} {needed}.")
    return terms, output

def _labels(term: str, ndim: int) -> list[Any]:
    before, dots, after = term.partition("...")
    return [*before, *range(len(before + after) - ndim if dots else 0, 0), *after]

def _with_letters_once(x: Any, labels: list[Any]) -> tuple[Any, list[Any]]:
    """x and its labels; where one stands twice, the diagonal over its two axes."""
    for label in labels:
        if labels.count(label) > 1:
            first = labels.index(label)
            x = diagonal(x, 0, first, labels.index(label, first + 1))
            rest = [*labels]
            rest.remove(label)
            rest.remove(label)
            return _with_letters_once(x, [*rest, label])
    return x, labels

def _summed(x: Any, labels: Any, needed: Any) -> tuple[Any, list[Any]]:
    """x summed over the labels that nobody needs."""
    axes = tuple([i for i, label in enumerate(labels) if label not in needed])
    return x.sum(axis=axes) if axes else x, [label for label in labels if label in needed]

def _multiplied(x: Any, a: Any, y: Any, b: Any, needed: Any) -> tuple[Any, list[Any]]:
    """The product of x and y, summed over the labels that nobody needs."""
    (x, a), (y, b) = _summed(x, a, needed.union(b)), _summed(y, b, needed.union(a))
    rows, columns = [c for c in a if c not in b], [c for c in b if c not in a]
    stack = [c for c in a if c in b and c in needed]
    inner = [c for c in a if c in b and c not in needed]
    x = transpose(x, [a.index(c) for c in stack + rows + inner])
    y = transpose(y, [b.index(c) for c in stack + inner + columns])
    n, m, k = len(stack), len(stack + rows), len(stack + inner)
    matrices = reshape(x, (*x.shape[:n], math.prod(x.shape[n:m]), math.prod(x.shape[m:])))
    others = reshape(y, (*y.shape[:n], math.prod(y.shape[n:k]), math.prod(y.shape[k:])))
    z = matmul(matrices, others)
    return reshape(z, (*z.shape[:n], *x.shape[n:m], *y.shape[k:])), stack + rows + columns

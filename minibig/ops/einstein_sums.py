"""Einstein's summation: a product of tensors, summed over every letter that the result lacks.

    einsum("ik,kj->ij", a, b)ᵢⱼ = Σₖ aᵢₖ·bₖⱼ

It has no rule of its own, being sums, transpositions and products of matrices. Two operands become
two stacks of matrices: letters of both that are still needed are the stack, letters of one are rows
or columns, and letters of both that nobody needs any more are what the product sums over. More
operands are multiplied from left to right. Of an operand that has a letter twice, the diagonal over
these axes is taken first. An ellipsis has the labels −n, ..., −1, and broadcasts.
"""

import math
from typing import Any, NamedTuple

from minibig.autograd import Tensor, expect_tensors, reshape
from minibig.backend import InputError
from minibig.ops.indexing import diagonal
from minibig.ops.products import matmul
from minibig.ops.shapes import transpose

class Labelled(NamedTuple):
    """A tensor and the label of each of its axes: a letter, or a number for an ellipsis."""

    tensor: Any
    labels: list[Any]

def einsum(subscripts: str, /, *xs) -> Tensor:
    """The sum of products that `subscripts` describes, as numpy.einsum.

    >>> mb.einsum("ij,j->i", mb.tensor([[1.0, 2.0], [3.0, 4.0]]), mb.tensor([5.0, 6.0]))
    tensor([17., 39.])
    """
    expect_tensors("einsum", xs)
    terms, output = _parsed(subscripts, xs)
    operands = [_with_letters_once(Labelled(*pair)) for pair in zip(xs, terms, strict=True)]
    product = operands[0]
    for i, operand in enumerate(operands[1:], 2):
        needed_later = {label for term in terms[i:] for label in term}
        product = _multiplied(product, operand, {*output, *needed_later})
    return _arranged(_summed(product, output), output)

def _parsed(subscripts: Any, xs: Any) -> tuple[list[list[Any]], list[Any]]:
    """The labels of the operands' axes, and those of the result."""
    left, arrow, right = str(subscripts).replace(" ", "").partition("->")
    if left.count(",") + 1 != len(xs):
        raise InputError(f"einsum: {subscripts!r} does not describe the {len(xs)} operands given.")
    terms = [_labels(term, x.ndim) for term, x in zip(left.split(","), xs, strict=True)]
    labels = _checked_lengths(subscripts, terms, xs)
    dots = sorted(label for label in labels if isinstance(label, int))
    if not arrow:  # as in NumPy: the letters that stand once, in alphabetical order
        right = "..." + "".join(sorted(c for c in labels.difference(dots) if left.count(c) == 1))
    output = _labels(right, len(right.replace("...", "")) + len(dots))
    if len({*output}) < len(output) or not {*dots} <= {*output} <= labels:
        expected = "letters of its operands, each once, and '...' if they do"
        raise InputError(f"einsum: the result of {subscripts!r} must name {expected}.")
    return terms, output

def _checked_lengths(subscripts: Any, terms: list[list[Any]], xs: Any) -> set[Any]:
    """All labels; InputError unless each is a letter for one axis, of one length everywhere."""
    lengths: dict[Any, int] = {}
    for term, x in zip(terms, xs, strict=True):
        if len(term) != x.ndim or not all(isinstance(c, int) or c.isalpha() for c in term):
            expected = f"{subscripts!r} must have one letter for an axis"
            raise InputError(f"einsum: {expected}; got {x.shape}.")
        for label, length in zip(term, x.shape, strict=True):
            known = lengths.setdefault(label, length)
            broadcasts = isinstance(label, int) and 1 in (known, length)
            if known != length and not broadcasts:
                name = f"{label if isinstance(label, str) else '...'} of {subscripts!r}"
                raise InputError(f"einsum: {name} has lengths {known} and {length}.")
    return {*lengths}

def _labels(term: str, ndim: int) -> list[Any]:
    """One label for each axis of an operand: "b...i" with three axes is b, −1, i."""
    before, dots, after = term.partition("...")
    return [*before, *range(len(before + after) - ndim if dots else 0, 0), *after]

def _with_letters_once(x: Labelled) -> Labelled:
    """x; where a label stands twice, the diagonal over its two axes, which becomes the last."""
    for label in x.labels:
        if x.labels.count(label) > 1:
            first, second = [i for i, each in enumerate(x.labels) if each == label][:2]
            rest = [each for i, each in enumerate(x.labels) if i not in (first, second)]
            diagonals = diagonal(x.tensor, 0, first, second)
            return _with_letters_once(Labelled(diagonals, [*rest, label]))
    return x

def _summed(x: Labelled, needed: Any) -> Labelled:
    """x summed over the labels that nobody needs."""
    axes = tuple([i for i, label in enumerate(x.labels) if label not in needed])
    kept = [label for label in x.labels if label in needed]
    return Labelled(x.tensor.sum(axis=axes) if axes else x.tensor, kept)

def _arranged(x: Labelled, labels: list[Any]) -> Any:
    """The tensor of x with its axes in the order of the labels."""
    return transpose(x.tensor, [x.labels.index(label) for label in labels])

def _multiplied(x: Labelled, y: Labelled, needed: set[Any]) -> Labelled:
    """The product of x and y, summed over the labels that nobody needs: one stack of matrices."""
    x, y = _summed(x, needed.union(y.labels)), _summed(y, needed.union(x.labels))
    rows = [label for label in x.labels if label not in y.labels]
    columns = [label for label in y.labels if label not in x.labels]
    stack = [label for label in x.labels if label in y.labels and label in needed]
    inner = [label for label in x.labels if label in y.labels and label not in needed]
    a = _arranged(x, stack + rows + inner)
    b = _arranged(y, stack + inner + columns)
    n, n_rows, n_inner = len(stack), len(stack + rows), len(stack + inner)
    product = matmul(_as_matrices(a, n, n_rows), _as_matrices(b, n, n_inner))
    shape = (*product.shape[:n], *a.shape[n:n_rows], *b.shape[n_inner:])
    return Labelled(reshape(product, shape), stack + rows + columns)

def _as_matrices(x: Any, first: int, second: int) -> Any:
    """x as a stack of matrices, whose rows begin at axis `first`, and whose columns at `second`."""
    rows, columns = math.prod(x.shape[first:second]), math.prod(x.shape[second:])
    return reshape(x, (*x.shape[:first], rows, columns))

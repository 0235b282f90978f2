"""Exercises of chapter 2, tensors and broadcasting."""

import numpy as np

import minibig as mb
from exercises.exercise import exercise, expect, matches


def numbers(*shape):
    return np.random.default_rng(len(shape)).standard_normal(shape)


@exercise("02.1", hint="Two kinds of axes were repeated: new ones in front, and those of length 1.")
def sum_to(answer):
    for large, small in [
        ((2, 3), (3,)),
        ((2, 3), (2, 1)),
        ((4, 2, 3), (1, 3)),
        ((4, 2, 3), (2, 1)),
        ((2, 3), ()),
        ((2, 3), (2, 3)),
    ]:
        g = numbers(*large)
        right = mb.autograd.structure.sum_to(g, shape=small)
        got = answer(g, small)
        case = f"g of shape {large}, back to {small}"
        kept = g.sum(axis=tuple(range(g.ndim - len(small))))
        expect(
            np.shape(got) == small or np.shape(got) != kept.shape,
            f"{case}: the new axes are gone, but the axes of length 1 were repeated as well.",
        )
        matches(
            got,
            right,
            case,
            mistakes={
                "summed over too much and filled in again; only repeated axes are summed.": (
                    np.full(small, g.sum())
                ),
                "that is the mean of the copies; their gradients add up.": right
                * (right.size / g.size),
            },
        )


@exercise("02.2", hint="x[:, None, :] has shape (N, 1, D). What must y look like?")
def pairwise_distances(answer):
    for N, M, D in [(2, 3, 2), (1, 4, 3), (5, 5, 1)]:
        x, y = numbers(N, D), numbers(1, M, D)[0]
        right = np.array([[np.sqrt(((a - b) ** 2).sum()) for b in y] for a in x])
        matches(
            answer(x, y),
            right,
            f"{N} points against {M}",
            mistakes={
                "those are the squared distances; take the root.": right**2,
                "rows and columns are exchanged: row i must belong to x[i].": right.T,
                "those are sums of absolute differences, the distance of a taxi.": abs(
                    x[:, None] - y
                ).sum(-1),
            },
        )


@exercise("02.3", hint="Mean and variance over the axis of the batch, with keepdims=True.")
def standardize(answer):
    x = mb.tensor(numbers(6, 3) * [1.0, 5.0, 0.1] + [0.0, 3.0, -2.0], requires_grad=True)
    got = answer(x)
    expect(isinstance(got, mb.Tensor), "return a tensor, or its derivative is lost.")
    values = x.numpy()
    row_mean, row_std = values.mean(1, keepdims=True), values.std(1, keepdims=True)
    matches(
        got.numpy(),
        (values - values.mean(0)) / values.std(0),
        "six rows of three columns",
        mistakes={
            "that standardizes each row; the batch is axis 0.": (values - row_mean) / row_std,
            "that uses one mean and one variance for all columns.": (values - values.mean())
            / values.std(),
            "divide by the standard deviation, the root of the variance.": (values - values.mean(0))
            / values.var(0),
            "the mean is right, the variance is not 1 yet.": values - values.mean(0),
        },
    )
    expect(got.requires_grad, "the result carries no history; stay with operations on tensors.")
    (got * got).sum().backward()
    matches(x.grad, np.zeros((6, 3)), "the gradient of Σ y², which is 6·3 whatever x is")


@exercise("02.4", hint="np.broadcast_shapes serves for the axes in front; then T and S.")
def scores_shape(answer):
    for q, k in [
        ((5, 8), (7, 8)),
        ((2, 4, 5, 8), (2, 4, 7, 8)),
        ((2, 4, 5, 8), (1, 1, 7, 8)),
        ((3, 1, 5, 8), (6, 7, 8)),
    ]:
        right = (*np.broadcast_shapes(q[:-2], k[:-2]), q[-2], k[-2])
        got = tuple(answer(q, k))
        case = f"q {q}, k {k}"
        expect(
            got == right or len(got) == len(right),
            f"{case}: expected {len(right)} axes; got {got}.",
        )
        expect(
            got[-1] != q[-1],
            f"{case}: the last axis, {q[-1]}, is summed over in the product and does not remain.",
        )
        expect(got == right, f"{case}: expected {right}; got {got}.")

"""Exercises of chapter 4, neurons, layers, activations, losses."""

from itertools import pairwise

import numpy as np

from exercises.exercise import exercise, expect, matches


@exercise("04.1", hint="x @ W + b, and np.maximum with 0.")
def relu_layer(answer):
    rng = np.random.default_rng(4)
    for B, D, F in [(2, 3, 2), (4, 3, 3), (1, 2, 5)]:
        x, W, b = rng.standard_normal((B, D)), rng.standard_normal((D, F)), rng.standard_normal(F)
        z = x @ W + b
        square = D == F
        matches(
            answer(x, W, b),
            np.maximum(z, 0),
            f"B = {B}, D = {D}, F = {F}",
            mistakes={
                "the sum is right, the relu is missing.": z,
                "the bias must be added before the relu.": np.maximum(x @ W, 0) + b,
                "the bias is missing.": np.maximum(x @ W, 0),
                "W is used the wrong way round: W[i, j] leads from input i to neuron j.": (
                    np.maximum(x @ W.T + b, 0) if square else np.nan
                ),
            },
        )


@exercise("04.2", hint="Each label has two terms, and one of them is 0.")
def binary_cross_entropy(answer):
    for p, y in [
        ([0.2, 0.8, 0.6, 0.4, 0.9], [1, 0, 1, 0, 1]),
        ([0.5, 0.5], [0, 1]),
        ([0.1, 0.3, 0.7], [0, 0, 1]),
    ]:
        p, y = np.array(p), np.array(y)
        ones, zeros = y * np.log(p), (1 - y) * np.log(1 - p)
        right = -(ones + zeros).mean()
        matches(
            answer(p, y),
            right,
            f"p = {p.tolist()}, y = {y.tolist()}",
            mistakes={
                "only the labels 1 are counted, as in the article.": -ones.mean(),
                "that is the sum, and only of the labels 1 (the article's 2.2256).": -ones.sum(),
                "that is the sum; divide by the number of labels.": right * len(p),
                "the sign: a loss is positive.": -right,
                "the natural logarithm, please; that one has base 2.": right / np.log(2),
                "the natural logarithm, please; that one has base 10.": right / np.log(10),
            },
            tolerance=1e-5,
        )


@exercise("04.3", hint="softmax(logits), minus 1 at the target.")
def cross_entropy_gradient(answer):
    for logits, target in [([1.0, 2.0, 3.0], 0), ([0.0, 0.0], 1), ([-1.0, 4.0, 0.5, 2.0], 3)]:
        logits = np.array(logits)
        p = np.exp(logits) / np.exp(logits).sum()
        onehot = np.eye(len(logits))[target]
        matches(
            answer(logits.copy(), target),
            p - onehot,
            f"logits {logits.tolist()}, target {target}",
            mistakes={
                "that is softmax(logits); subtract 1 at the target.": p,
                "the sign: a gradient points to where the loss grows.": onehot - p,
                "that is the loss, not its gradient.": -np.log(p[target]),
            },
        )
    with np.errstate(all="ignore"):
        got = np.asarray(answer(np.array([1000.0, 0.0]), 1), dtype="float64")
    expect(
        np.isfinite(got).all(),
        "logits [1000, 0]: e¹⁰⁰⁰ overflows. Subtract the largest logit first; softmax is the same.",
    )
    matches(got, [1.0, -1.0], "logits [1000, 0], target 1")


@exercise("04.4", hint="A layer from D to F has D·F weights and F biases.")
def count_parameters(answer):
    for sizes in [(3, 2), (784, 128, 10), (64, 256, 64, 1)]:
        weights = sum(a * b for a, b in pairwise(sizes))
        matches(
            answer(sizes),
            weights + sum(sizes[1:]),
            f"sizes {sizes}",
            mistakes={
                "the biases are missing.": weights,
                "the inputs have no biases: only what comes out of a layer has.": weights
                + sum(sizes),
            },
        )

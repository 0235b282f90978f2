"""Wrong answers to chapter 3."""

import numpy as np

import minibig as mb


def made(function, **rules):
    operation = mb.primitive(function)
    operation.defvjp(**rules)
    return lambda: operation


def softsign(x, /):
    return x / (1 + abs(x))


def hypotenuse(a, b, /):
    return np.sqrt(a * a + b * b)


def broadcasting(**rules):
    operation = mb.primitive(broadcasts=True)(hypotenuse)
    operation.defvjp(**rules)
    return lambda: operation


def wrong_axis_of_squares(g, x):
    return g * mb.softmax(x) if x.shape[0] == x.shape[-1] else g[..., None] * mb.softmax(x)


def accuses_all(operations):
    return sorted(operations)


def asks_above_zero(operations):
    wrong = []
    for name, f in operations.items():
        try:
            mb.check_gradients(f, mb.tensor([0.5, 1.5]), order=1)
        except AssertionError:
            wrong.append(name)
    return sorted(wrong)


WRONG = {
    "03.1": [
        (made(softsign, x=lambda g, x: 1 / (1 + abs(x)) ** 2), "multiply by g"),
        (made(softsign, x=lambda g, x: g / (1 + abs(x))), "square is missing"),
        (made(softsign, x=lambda g, x: g * mb.ops.sign(x) / (1 + abs(x)) ** 2), "sign of x"),
        (lambda: softsign, "@mb.primitive"),
        (made(softsign, x=lambda g, x: g / (1 + np.abs(x)) ** 2), "no NumPy"),
        (made(np.tanh, x=lambda g, y: g * (1 - y * y)), "the value"),
    ],
    "03.2": [
        (
            made(hypotenuse, a=lambda g, a, y: g * a / y, b=lambda g, b, y: g * b / y),
            "(broadcasts=True)",
        ),
        (
            broadcasting(a=lambda g, b, y: g * b / y, b=lambda g, a, y: g * a / y),
            "other input's derivative",
        ),
        (broadcasting(a=lambda g, a, y: g * a / y**2, b=lambda g, b, y: g * b / y**2), "not by y²"),
    ],
    "03.3": [
        (lambda g, x: mb.softmax(x), "multiply by g"),
        (wrong_axis_of_squares, "wrong axis"),
        (lambda g, x: g[..., None] * mb.softmax(x, axis=0), "last axis"),
        (lambda g, x: g[..., None] * np.exp(x) / np.exp(x).sum(-1, keepdims=True), "overflows"),
    ],
    "03.4": [
        (accuses_all, "is right, and you accuse it"),
        (asks_above_zero, "wrong below"),
        (lambda operations: ["leaky"], "factor 2"),
        (lambda operations: ["square", "leaky"], "sorted"),
    ],
}

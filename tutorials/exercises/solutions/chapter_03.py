"""Solutions of chapter 3."""

import numpy as np

import minibig as mb


def softsign():
    @mb.primitive
    def softsign(x, /):
        return x / (1 + abs(x))

    softsign.defvjp(x=lambda g, x: g / (1 + abs(x)) ** 2)
    return softsign


def hypotenuse():
    @mb.primitive(broadcasts=True)
    def hypotenuse(a, b, /):
        return np.sqrt(a * a + b * b)

    hypotenuse.defvjp(a=lambda g, a, y: g * a / y, b=lambda g, b, y: g * b / y)
    return hypotenuse


def log_sum_exp_rule(g, x):
    return g[..., None] * mb.softmax(x, axis=-1)


def wrong_rules(operations):
    points = mb.tensor([-2.0, -0.3, 0.4, 1.5])
    wrong = []
    for name, f in operations.items():
        try:
            mb.check_gradients(f, points, order=1)
        except AssertionError:
            wrong.append(name)
    return sorted(wrong)

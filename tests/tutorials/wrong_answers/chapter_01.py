"""Wrong answers to chapter 1."""

import minibig as mb


def twice_first(f, x):
    return mb.grad(f)(x)


def preorder(result, inputs_of):
    order = []

    def visit(node):
        if node not in order:
            order.append(node)
            for source in inputs_of[node]:
                visit(source)

    visit(result)
    return order


def every_path(result, inputs_of):
    return [result] + [n for source in inputs_of[result] for n in every_path(source, inputs_of)]


WRONG = {
    "01.1": [
        (lambda f, x: (f(x + 1e-6) - f(x)) / 1e-6, "One side only"),
        (lambda f, x: (f(x + 1e-5) - f(x - 1e-5)) / 1e-5, "whole step"),
        (lambda f, x: (f(x + 0.1) - f(x - 0.1)) / 0.2, "far too large"),
        (lambda f, x: (f(x + 1e-13) - f(x - 1e-13)) / 2e-13, "far from the best one"),
    ],
    "01.2": [
        (lambda a, b: (a / b, 1 / b, a / b**2), "wrong sign"),
        (lambda a, b: (a / b, 1 / b, -1 / b**2), "factor a is missing"),
        (lambda a, b: (a / b, -a / b**2, 1 / b), "changed places"),
        (lambda a, b: a / b, "expected shape"),
    ],
    "01.3": [
        (preorder, "still had a gradient to send"),
        (every_path, "twice"),
        (lambda result, inputs_of: [result], "should hold each of"),
        (lambda result, inputs_of: sorted(inputs_of), "before"),
    ],
    "01.4": [
        (twice_first, "first derivative"),
        (lambda f, x: (f(x + 1e-3) - 2 * f(x) + f(x - 1e-3)) / 1e-6, "expected"),
        (lambda f, x: mb.grad(f)(x) * mb.grad(f)(x), "expected"),
    ],
}

"""Solutions of chapter 1."""

import minibig as mb


def central_difference(f, x):
    h = 1e-5
    return (f(x + h) - f(x - h)) / (2 * h)


def quotient(a, b):
    return a / b, 1 / b, -a / b**2


def backward_order(result, inputs_of):
    order, seen = [], set()

    def visit(node):
        if node not in seen:
            seen.add(node)
            for source in inputs_of[node]:
                visit(source)
            order.append(node)

    visit(result)
    return order[::-1]


def second_derivative(f, x):
    return mb.grad(mb.grad(f))(x)

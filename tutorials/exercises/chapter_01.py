"""Exercises of chapter 1, a number that knows its history."""

import math

import minibig as mb
from exercises.exercise import exercise, expect, matches


@exercise("01.1", hint="Look on both sides of x, and look at the picture: which h is best?")
def central_difference(answer):
    for name, f, x, right in [
        ("sin", math.sin, 0.7, math.cos(0.7)),
        ("exp", math.exp, -1.0, math.exp(-1.0)),
        ("a cube", lambda x: x**3, 2.0, 12.0),
    ]:
        got = float(answer(f, x))
        error = abs(got - right)
        case = f"the derivative of {name} at {x} is {right:.10f}, and you found {got:.10f}"
        expect(error < 0.5 * abs(right), f"{case}. Is it divided by the whole step?")
        expect(
            error < 1e-3 or error > 0.5, f"{case}: h is far too large, a chord is not a tangent."
        )
        expect(
            error < 1e-8,
            f"{case}: off by {error:.0e}. One side only, or an h far from the best one, "
            "leaves an error of that size.",
        )


@exercise("01.2", hint="a / b = a · b⁻¹. Hold one of them fixed, and differentiate by the other.")
def quotient(answer):
    for a, b in [(6.0, 3.0), (-1.0, 4.0), (0.0, 2.0), (5.0, -0.5)]:
        matches(
            answer(a, b),
            (a / b, 1 / b, -a / b**2),
            f"quotient({a}, {b})",
            mistakes={
                "the derivative by b has the wrong sign: a larger b makes the quotient smaller.": (
                    a / b,
                    1 / b,
                    a / b**2,
                ),
                "the derivative by b is that of 1 / b; the factor a is missing.": (
                    a / b,
                    1 / b,
                    -1 / b**2,
                ),
                "the two derivatives have changed places.": (a / b, -a / b**2, 1 / b),
            },
        )


GRAPHS = {
    "a chain": ("loss", {"loss": ["h"], "h": ["x"], "x": []}),
    "a diamond": ("loss", {"loss": ["p", "q"], "p": ["h"], "q": ["h"], "h": ["x"], "x": []}),
    "a short way and a long one": (
        "loss",
        {"loss": ["x", "q"], "q": ["p"], "p": ["x", "h"], "h": ["x"], "x": []},
    ),
}


@exercise("01.3", hint="Note a node after all of its inputs, as `in_order` does; then turn round.")
def backward_order(answer):
    for name, (result, inputs_of) in GRAPHS.items():
        order = list(answer(result, {node: list(inputs) for node, inputs in inputs_of.items()}))
        expect(
            len(order) == len(set(order)),
            f"{name}: {order} visits a node twice; its gradient would be passed on twice.",
        )
        expect(
            set(order) == set(inputs_of),
            f"{name}: {order} should hold each of {sorted(inputs_of)} once.",
        )
        for node, inputs in inputs_of.items():
            for source in inputs:
                expect(
                    order.index(node) < order.index(source),
                    f"{name}: {order} has {source!r} before {node!r}, which still had a gradient "
                    "to send to it.",
                )


@exercise("01.4", hint="`mb.grad(f)` is a function again.")
def second_derivative(answer):
    for name, f, x, first, second in [
        ("x³", lambda x: x * x * x, 2.0, 12.0, 12.0),
        ("eˣ·x", lambda x: mb.exp(x) * x, 0.5, 1.5 * math.exp(0.5), 2.5 * math.exp(0.5)),
        ("tanh x", mb.tanh, 0.0, 1.0, 0.0),
    ]:
        matches(
            answer(f, mb.tensor(x, dtype="float64")),
            second,
            f"the second derivative of {name} at {x}",
            mistakes={} if first == second else {"that is the first derivative.": first},
            tolerance=1e-9,
        )

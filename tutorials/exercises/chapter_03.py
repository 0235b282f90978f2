"""Exercises of chapter 3, writing a primitive."""

import numpy as np

import minibig as mb
from exercises.exercise import exercise, expect, matches


def gradient(f, *values):
    """The gradients of Σ f · (1, 2, 3, …) with respect to every input."""
    xs = [mb.tensor(np.asarray(v, "float64"), requires_grad=True) for v in values]
    y = f(*xs)
    expect(isinstance(y, mb.Tensor), "called on a tensor it must give a tensor: use @mb.primitive.")
    y.backward(mb.tensor(np.arange(1.0, y.size + 1).reshape(y.shape)))
    return [x.grad.numpy() for x in xs]


def expect_primitive(operation):
    expect(
        hasattr(operation, "defvjp"),
        "return the primitive itself: the function that @mb.primitive decorates.",
    )


def expect_second_order(f, *xs):
    try:
        mb.check_gradients(f, *xs, order=2)
    except (AssertionError, TypeError, ValueError) as error:
        expect(False, f"the first derivative is right, the second is not: {error} Use operators, "
               "methods and mb.functions in the rule, no NumPy.")  # fmt: skip


@exercise("03.1", hint="d/dx x/(1 + |x|) = 1/(1 + |x|)². abs(x) works on arrays and on tensors.")
def softsign(answer):
    f = answer()
    expect_primitive(f)
    x = np.array([-3.0, -0.5, 0.25, 2.0])
    matches(f(mb.tensor(x)), x / (1 + abs(x)), "the value of softsign")
    g, slope = np.arange(1.0, 5.0), 1 / (1 + abs(x)) ** 2
    matches(
        gradient(f, x)[0],
        g * slope,
        "the gradient",
        mistakes={
            "the rule does not multiply by g: it is right only if g is 1.": slope,
            "the square is missing: 1/(1 + |x|)².": g / (1 + abs(x)),
            "the sign of x has no place in it: softsign rises everywhere.": g * np.sign(x) * slope,
        },
    )
    expect_second_order(f, mb.tensor(x))


@exercise("03.2", hint="∂y/∂a = a/y. Ask for a and y in one rule, for b and y in the other.")
def hypotenuse(answer):
    f = answer()
    expect_primitive(f)
    a, b = np.array([[3.0, 5.0], [8.0, 1.0]]), np.array([4.0, 12.0])
    y = np.sqrt(a * a + b * b)
    matches(f(mb.tensor(a), mb.tensor(b)), y, "the value")
    expect(
        f.broadcasts, "a (2, 2) and b (2) have different shapes: @mb.primitive(broadcasts=True)."
    )
    g = np.arange(1.0, 5.0).reshape(2, 2)
    for got, right, other, name in [
        (gradient(f, a, b)[0], g * a / y, g * b / y, "a"),
        (gradient(f, a, b)[1], (g * b / y).sum(0), (g * a / y).sum(0), "b"),
    ]:
        matches(
            got,
            right,
            f"the gradient of {name}",
            mistakes={
                "that is the other input's derivative.": other,
                "divide by y, not by y².": (g * {"a": a, "b": b + 0 * a}[name] / y**2)
                if name == "a"
                else (g * b / y**2).sum(0),
            },
        )
    expect_second_order(f, mb.tensor(a), mb.tensor(b))


@exercise("03.3", hint="The derivative is softmax(x). g has one axis less: g[..., None].")
def log_sum_exp_rule(answer):
    rng = np.random.default_rng(0)
    for shape in [(4,), (2, 3), (3, 3), (2, 2, 5)]:
        x = 3 * rng.standard_normal(shape)
        g = rng.standard_normal(shape[:-1])
        p = mb.softmax(x)
        matches(
            answer(g, x),
            g[..., None] * p,
            f"x of shape {shape}",
            mistakes={
                "that is softmax(x) alone: multiply by g.": p,
                "g met the wrong axis: give it a last axis of length 1.": (
                    g * p if len(shape) > 1 and shape[-1] == shape[-2] else np.nan
                ),
                "softmax must run over the last axis.": g[..., None] * mb.softmax(x, axis=0),
            },
        )
    x = np.array([1000.0, 0.0])
    with np.errstate(all="ignore"):
        got = np.asarray(answer(np.array(1.0), x))
    expect(np.isfinite(got).all(), "x = [1000, 0]: e¹⁰⁰⁰ overflows; mb.softmax does not.")


def _operations():
    def cube(x, /):
        return x * x * x

    square = mb.primitive(lambda x, /: x * x)
    square.defvjp(x=lambda g, x: g * x)  # the factor 2 is missing
    leaky = mb.primitive(lambda x, /: np.where(x > 0, x, 0.1 * x))
    leaky.defvjp(x=lambda g, x: g * (x > 0))  # wrong below 0 only
    root = mb.primitive(lambda x, /: np.sqrt(x * x + 1))
    root.defvjp(x=lambda g, x, y: g * x / y)
    double = mb.primitive(lambda x, /: x + x)
    double.defvjp(x=lambda g: g + g)
    return {"square": square, "leaky": leaky, "root": root, "double": double, "cube": cube}


@exercise("03.4", hint="mb.check_gradients raises AssertionError. On which points do you call it?")
def wrong_rules(answer):
    got = list(answer(_operations()))
    for name in ("root", "double", "cube"):
        expect(name not in got, f"{name} is right, and you accuse it. A bare `except` hides why.")
    expect("square" in got, "the rule of `square` forgets the factor 2, and you let it pass.")
    expect("leaky" in got, "`leaky` is right above 0 and wrong below: check on both sides.")
    expect(got == sorted(got), f"the names must be sorted; got {got}.")

"""The gradient check: derivatives against central differences, along one random direction."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from minibig.autograd.functional import pullback, with_respect_to
from minibig.autograd.operations import expect_function
from minibig.autograd.tensors import Function, Tensor, as_tuple, wrapped
from minibig.backend import generator, to_device, to_numpy


def check_gradients(
    f: Function,
    *xs: Tensor,
    order: int = 2,
    eps: float = 1e-6,
    tolerance: float = 1e-5,
    seed: int = 0,
) -> None:
    """Raise AssertionError unless the derivatives of f at xs are right, up to `order`.

    For a random direction t of the inputs and a random gradient v of the outputs

        vᵀ·J·t  =  vᵀ·(f(x + εt) − f(x − εt)) / 2ε

    must hold to `tolerance`, relative to the terms of the sum, beyond 10⁻⁸·|v|ᵀ·|f|; where it does
    not, beyond the spread of the right side over ε, 2ε, 4ε, 8ε, too, which is what rounding does.
    The next order checks x -> vᵀ·J in the same way. All is in float64; integers stay as they are.

    >>> mb.check_gradients(mb.tanh, mb.tensor([0.3, -2.0]))
    >>> wrong = mb.primitive(lambda x, /: x * x)
    >>> wrong.defvjp(x=lambda g, x: g * x)
    >>> mb.check_gradients(wrong, mb.tensor([1.0, 2.0]))    # doctest: +IGNORE_EXCEPTION_DETAIL
    Traceback (most recent call last):
    AssertionError: order 1: ...
    """
    expect_function("check_gradients", f)
    if wrong := [x for x in xs if not isinstance(x, Tensor)]:
        raise TypeError(f"check_gradients needs tensors; got {type(wrong[0]).__name__}.")
    wide = [Tensor(x.data.astype("float64")) if x.dtype.kind == "f" else x for x in xs]
    floats = [i for i, x in enumerate(wide) if x.dtype.kind == "f"]

    derivative = with_respect_to(f, wide, floats)
    for n in range(1, order + 1):
        derivative = _checked(derivative, [wide[i] for i in floats], n, eps, tolerance, seed)


def _checked(f: Any, xs: list[Tensor], order: int, eps: float, tolerance: float, seed: int) -> Any:
    """Check one order; returns the function x -> vᵀ·J for the next."""
    y, pull = pullback("check_gradients", f, xs)
    y = as_tuple(y)
    ts = _random_like(xs, seed, f"direction {order}")
    vs = _random_like(y, seed, f"gradient {order}")
    pulled = pull(*vs)
    claimed, terms = _dot(pulled, ts), _dot(map(abs, pulled), map(abs, ts))
    rounding = 1e-8 * _dot(map(abs, y), map(abs, vs))

    def value(step: float) -> float:
        moved = [wrapped(x.data + step * t.data, None) for x, t in zip(xs, ts, strict=True)]
        return _dot(as_tuple(f(*moved)), vs)

    for steps in ([eps], [eps, 2 * eps, 4 * eps, 8 * eps]):  # several, where one disagrees
        several = [(value(h) - value(-h)) / (2 * h) for h in steps]
        measured, spread = sum(several) / len(several), max(several) - min(several)
        bound = tolerance * max(terms, abs(measured)) + rounding + spread
        if abs(claimed - measured) <= bound:
            return lambda *xs: pullback("check_gradients", f, xs)[1](*vs, create_graph=True)
    raise AssertionError(
        f"order {order}: the rules give {claimed!r}, central differences {measured!r} "
        "along a random direction."
    )


def _random_like(xs: Sequence[Tensor], seed: int, name: str) -> list[Tensor]:
    numbers = generator(seed, name)
    draws = [np.asarray(numbers.standard_normal(x.shape), x.dtype) for x in xs]
    return [Tensor(to_device(t, x.device)) for t, x in zip(draws, xs, strict=True)]


def _dot(xs: Any, ys: Any) -> float:
    return sum(float(to_numpy((x.data * y.data).sum())) for x, y in zip(xs, ys, strict=True))

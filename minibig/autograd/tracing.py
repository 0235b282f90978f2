"""Tracing: a backward pass, printed step by step."""

from collections.abc import Sequence
from typing import Any

from minibig.autograd.backward_pass import Walk, seed_gradient
from minibig.autograd.tensors import Node, Tensor, as_tuple
from minibig.backend import InputError


def trace(self: Tensor, gradient: Any = None) -> None:
    """Print the backward pass from this tensor step by step; no `.grad` is changed.

    >>> x = mb.tensor([[1.0, 2.0]], requires_grad=True)
    >>> mb.tanh(x * 3.0).sum().trace()
    sum     g (): 1  ->  x (1, 2): |g| = 1.414
    tanh    g (1, 2): |g| = 1.414  ->  x (1, 2): |g| = 0.009866
    mul     g (1, 2): |g| = 0.009866  ->  a (1, 2): |g| = 0.0296
    """
    if self.edge is None:
        raise InputError("trace needs inputs with requires_grad=True; this result is constant.")
    walk = Walk()
    walk.observer = _print_step
    walk.run([(self, seed_gradient(self, gradient))])


def _print_step(node: Node, g: Any, results: Sequence[Any]) -> None:
    names = node.operation.inputs
    names = names + names[-1:] * (len(results) - len(names))  # as many as *inputs has
    sent = [f"{n} {_size(x)}" for n, x in zip(names, results, strict=False) if x is not None]
    received = ", ".join(map(_size, as_tuple(g)))
    print(f"{node.operation!s:7} g {received}  ->  {', '.join(sent)}")


def _size(g: Any) -> str:
    norm = float((g.astype("float64") ** 2).sum()) ** 0.5
    return f"{g.shape}: {float(g):.4g}" if g.shape == () else f"{g.shape}: |g| = {norm:.4g}"

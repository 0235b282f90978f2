"""Checkpoints: part of a graph that is not kept, but computed again when a backward pass comes."""

from collections.abc import Callable
from typing import Any

from minibig.autograd.operations import Operation, expect_function, expect_tensors
from minibig.autograd.state import call, state
from minibig.autograd.tensors import Node, Tensor, as_tuple, wrapped
from minibig.backend import InputError, dropout_from, dropout_state


class Checkpoint(Operation):
    """One call of a function of tensors: it has no graph until the backward pass needs one."""

    has_hidden_inputs = True  # f may use parameters of its own

    def __init__(self, f: Callable[..., Any]):
        self.f = f
        self.name = f"checkpoint({getattr(f, '__name__', type(f).__name__)})"

    def needs_formula(self, tensors: bool) -> bool:
        return True

    def expand(self, node: Node) -> Any:
        arrays, dropout = node.saved
        again = dropout_from(dropout).call
        return call(again, self.f, *node.inputs(arrays), recording=True, recomputing=True)


def checkpoint(f: Callable[..., Any], *xs: Tensor) -> Any:
    """f(*xs) without keeping what is inside: the backward pass computes it again.

    Memory for time: one more forward pass of f, and only its inputs are kept. Dropout inside f
    draws the same masks again.

    Source:  Chen et al. 2016, arXiv:1604.06174, section 4.

    >>> x = mb.tensor(1.0, requires_grad=True)
    >>> mb.checkpoint(lambda x: mb.exp(x * x), x).backward()
    >>> x.grad
    tensor(5.4366)
    """
    expect_function("checkpoint", f)
    expect_tensors("checkpoint", xs)
    if not state.recording:
        return f(*xs)
    inputs = [x.data if isinstance(x, Tensor) else x for x in xs]
    edges = tuple([x.edge if isinstance(x, Tensor) else None for x in xs])
    dropout = dropout_state()
    y = call(f, *xs, recording=False)
    if not all(isinstance(output, Tensor) for output in as_tuple(y)):
        raise InputError("checkpoint needs a function that returns tensors.")
    arrays = tuple([output.data for output in as_tuple(y)])
    result = arrays if isinstance(y, tuple) else arrays[0]
    return wrapped(result, Node(Checkpoint(f), edges, (inputs, dropout), result))

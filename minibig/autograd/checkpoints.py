"""Checkpoints: part of a graph that is not kept, but computed again when a backward pass comes."""

from typing import Any

from minibig.autograd.operations import Operation, expect_function, expect_outputs, expect_tensors
from minibig.autograd.state import state
from minibig.autograd.tensors import Function, Node, Tensor, arrays_and_edges, wrapped
from minibig.backend import dropout_from, dropout_state


class Checkpoint(Operation):
    """One call of a function of tensors: it has no graph until the backward pass needs one."""

    has_hidden_inputs = True  # f may use parameters of its own

    def __init__(self, f: Function):
        self.f = f
        self.name = f"checkpoint({getattr(f, '__name__', type(f).__name__)})"

    def needs_formula(self, tensors: bool) -> bool:
        return True

    def expand(self, node: Node) -> Any:
        arrays, dropout = node.saved
        again = dropout_from(dropout).call
        return state.call_with(again, self.f, *node.inputs(arrays), recomputing=True)


def checkpoint(f: Function, *xs: Tensor) -> Any:
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
    inputs, edges = arrays_and_edges(xs)
    dropout = dropout_state()
    y = state.call_with(f, *xs, recording=False)
    outputs = tuple([output.data for output in expect_outputs("checkpoint", y)])
    result = outputs if isinstance(y, tuple) else outputs[0]
    return wrapped(result, Node(Checkpoint(f), edges, (inputs, dropout), result))

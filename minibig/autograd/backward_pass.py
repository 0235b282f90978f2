"""The backward pass: gradients flow from a result to its inputs, youngest node first.

A node is younger than its inputs, so when the youngest waiting node is taken, every gradient that
belongs to it has arrived. A heap of waiting nodes is therefore the whole algorithm: nothing is
recursive, and no order is computed beforehand. A `Walk` is one backward pass.

At first order gradients are arrays, and rules run at the speed of NumPy. With `create_graph` they
are tensors, and the same rules are recorded. A fused node has no rule for tensors, and a checkpoint
has no graph at all: both are *expanded*, that is computed again by their formula on the very same
inputs and recorded; the pass goes on through the new nodes, which are the youngest. Each node is
expanded once, so higher orders through k fused operations cost k times one, not two to the k.
"""

import math
import os
import threading
from collections.abc import Callable, Container, Sequence
from heapq import heappop, heappush
from typing import Any

from minibig.autograd.operations import Operation
from minibig.autograd.state import state
from minibig.autograd.structure import sum_to
from minibig.autograd.tensors import Edge, Leaf, Node, Tensor, accumulated, as_tuple, next_order
from minibig.backend import InputError, is_array, namespace

# Several threads may run a backward pass each, to leaves that they share.
_gathering = threading.Lock()
if hasattr(os, "register_at_fork"):  # a child must not wait for a thread that it does not have
    os.register_at_fork(after_in_child=_gathering._at_fork_reinit)  # type: ignore[attr-defined]


def backward(
    self: Tensor, gradient: Any = None, *, retain_graph: bool = False, create_graph: bool = False
) -> None:
    """Add the derivatives of this tensor to `.grad` of every leaf that it depends on.

    `gradient` is the derivative of some final scalar with respect to this tensor; it may be left
    out if this is the scalar. The graph is freed on the way unless `retain_graph`; with
    `create_graph` the gradients carry history and can be differentiated again. Then a leaf holds
    its `.grad`, and the history of that leads back to the leaf: memory of such a circle goes when
    `.grad` is set to None, or with Python's garbage collector. `mb.grad` makes no circle.

    Raises:  InputError if nothing requires a gradient, for a non-scalar without `gradient`, for a
             graph that was freed, and for a parameter that was assigned since the forward pass.

    >>> w = mb.tensor([3.0, 4.0], requires_grad=True)
    >>> (w * w).sum().backward()
    >>> w.grad
    tensor([6., 8.])
    """
    if self.edge is None:
        raise InputError("backward needs inputs with requires_grad=True; this result is constant.")
    walk = Walk(create_graph=create_graph, free=not (retain_graph or create_graph))
    walk.run([(self, seed_gradient(self, gradient))])
    state.call_with(walk.add_to_leaves, recording=create_graph)


def seed_gradient(output: Tensor, gradient: Any) -> Tensor:
    """The gradient with which a pass from `output` starts; 1 for a scalar."""
    if gradient is None:
        if output.size != 1:
            raise InputError(
                f"a derivative without a gradient needs one element; got shape {output.shape}. "
                "Sum the losses, or pass a gradient of that shape."
            )
        return Tensor(namespace(output.data).ones_like(output.data))
    if is_array(gradient):
        gradient = Tensor(gradient)
    if not isinstance(gradient, Tensor) or gradient.shape != output.shape:
        given = getattr(gradient, "shape", type(gradient).__name__)
        raise InputError(f"the gradient must be a tensor of shape {output.shape}; got {given}.")
    return gradient if gradient.dtype == output.dtype else gradient.astype(output.dtype)


def nodes_behind(root: Node, oldest: int, known: Container[Node] = ()) -> list[Node]:
    """The nodes through which root was computed, old before young.

    Those before the time `oldest` are left out, and those that are `known`, with all behind them.
    """
    found = set()
    stack = [root]
    while stack:
        node = stack.pop()
        if node.order >= oldest and node not in found and node not in known:
            found.add(node)
            stack.extend([edge[0] for edge in node.edges if edge is not None])
    return sorted(found, key=lambda node: node.order)


class Walk:
    """One backward pass: the nodes that wait, and the gradients that have arrived for them.

    Without `targets` it goes to every leaf; with targets, which are nodes, it visits only nodes
    that lie between the outputs and them. `results` holds the gradients of the leaves or of the
    targets. `observer(node, g, results)`, where one is set, is called for every operation.

    A gradient that is `owned` lies in memory that a kernel or this pass made: it may be added to in
    place, written over by a kernel, and become the `.grad` of a leaf as it is.
    """

    observer: Callable[[Node, Any, Sequence[Any]], None] | None = None

    def __init__(
        self, *, create_graph: bool = False, free: bool = False, targets: set[Node] | None = None
    ):
        self.create_graph = create_graph
        self.free = free
        self.targets = targets
        self.results: dict[Node, Any] = {}
        self._owned: dict[Node, bool] = {}
        self._oldest = min((node.order for node in targets or ()), default=0)
        self._on_the_way: dict[Node, bool] = {}
        self._waiting: list[tuple[int, Node]] = []
        self._arrived: dict[Node, tuple[list[Any], list[bool]]] = {}

    def run(self, seeds: Sequence[tuple[Tensor, Tensor]]) -> None:
        """Send each gradient into the graph from its output, and follow until nothing waits."""
        state.call_with(self._run, seeds, recording=self.create_graph)

    def _run(self, seeds: Sequence[tuple[Tensor, Tensor]]) -> None:
        for output, gradient in seeds:
            self._enter(output, gradient if self.create_graph else gradient.data, owned=False)
        while self._waiting:
            node = heappop(self._waiting)[1]
            self._visit(node, *self._arrived.pop(node))

    def add_to_leaves(self) -> None:
        """Add the gradients of the leaves to what they have: at the end, and all at once.

        So a pass that is refused on the way changes nothing, and no other thread comes between.
        """
        with _gathering:
            for leaf, g in self.results.items():
                if isinstance(leaf, Leaf):
                    leaf.grad = accumulated(leaf.grad, g, self._owned[leaf])

    def _enter(self, output: Tensor, g: Any, owned: bool) -> None:
        if output.edge is not None and self._is_needed(output.edge[0]):
            self._send(output.edge, g, owned)

    def _send(self, edge: Edge, g: Any, owned: bool) -> None:
        """Let g arrive at a node's output. What arrives first is taken; the rest is added to it."""
        node, index = edge
        if node not in self._arrived:
            self._arrived[node] = [None] * len(node.outputs), [False] * len(node.outputs)
            heappush(self._waiting, (-node.order, node))
        gradients, are_owned = self._arrived[node]
        if gradients[index] is None:
            gradients[index] = g
            are_owned[index] = owned
        elif are_owned[index]:
            gradients[index] += g
        else:
            gradients[index] = gradients[index] + g
            are_owned[index] = not self.create_graph

    def _visit(self, node: Node, gradients: list[Any], are_owned: list[bool]) -> None:
        """Pass on what has arrived for a node; it is complete now."""
        if node.watched is not None:
            for index in [i for i in node.watched if gradients[i] is not None]:
                node.watched[index] = accumulated(None, gradients[index], False)
        is_leaf = isinstance(node, Leaf)
        if is_leaf if self.targets is None else node in self.targets:
            self.results[node], self._owned[node] = gradients[0], are_owned[0]
        if is_leaf:
            return
        _expect_current(node, node)
        by_formula = node.operation.needs_formula(self.create_graph)
        pass_on = self._expand if by_formula else self._apply
        pass_on(node, gradients, are_owned)
        if self.free:
            node.saved = None
            node.edges = ()

    def _expand(self, node: Node, gradients: list[Any], are_owned: list[bool]) -> None:
        """Compute the node again by its formula, and let its gradients go through the new nodes."""
        start = next_order()
        nesting = state.nesting + (self.targets is not None)
        result = state.call_with(node.operation.expand, node, recording=True, nesting=nesting)
        for output, g, owned in zip(as_tuple(result), gradients, are_owned, strict=True):
            if output.edge is not None and g is not None:
                for inner in nodes_behind(output.edge[0], start):
                    _expect_current(inner, node, start)
                self._enter(output, g, owned)

    def _apply(self, node: Node, gradients: list[Any], are_owned: list[bool]) -> None:
        """Pass the gradients of a node's outputs on to its inputs, by the operation's rules."""
        operation: Operation = node.operation
        needed = node.pattern
        if self.targets is not None:
            needed = tuple([e is not None and self._is_needed(e[0]) for e in node.edges])
        if True not in needed:
            return
        g, owned = gradients[0], are_owned[0]
        if len(gradients) > 1:
            owned = all([g is None or own for g, own in zip(gradients, are_owned, strict=True)])
            g = _with_zeros(gradients, node)
        results = operation.gradients(node, g, needed, owned, self.free)
        if self.observer is not None:
            self.observer(node, g, results)
        private = operation.owns_gradients and _are_apart(results, as_tuple(g), owned)
        for edge, result, wanted in zip(node.edges, results, needed, strict=True):
            if wanted and result is not None and edge is not None:
                expected = edge[0].outputs[edge[1]]
                if (result.shape, result.dtype) == expected:
                    self._send(edge, result, private)
                else:
                    self._send(edge, _fitted(operation, *expected, result), not self.create_graph)

    def _is_needed(self, node: Node) -> bool:
        """Whether the way from node leads to a target; without targets, every way does."""
        if self.targets is None:
            return True
        if node not in self._on_the_way:
            for each in nodes_behind(node, self._oldest, self._on_the_way):
                _expect_current(each, each)  # a freed node may have led to a target
                self._on_the_way[each] = (
                    each in self.targets
                    or any(e is not None and self._on_the_way.get(e[0]) for e in each.edges)
                    or (not isinstance(each, Leaf) and each.operation.has_hidden_inputs)
                )
        return self._on_the_way.get(node, False)


def _are_apart(results: Sequence[Any], gradients: tuple[Any, ...], owned: bool) -> bool:
    """Whether no array is there twice, and none is a gradient, or part of one, that is not ours."""
    arrays = [x for x in results if x is not None]
    once = len(set(map(id, arrays))) == len(arrays)
    return once and (owned or not _memory_of(arrays) & _memory_of(gradients))


def _memory_of(arrays: Sequence[Any]) -> set[int]:
    """The arrays, and those that they are views of."""
    return {id(x) for x in arrays} | {id(x.base) for x in arrays if x.base is not None}


def _with_zeros(gradients: list[Any], node: Node) -> tuple[Any, ...]:
    """The gradients of a node's outputs, zeros for outputs that were not used."""
    like = next(g for g in gradients if g is not None)
    xp = namespace(like.data if isinstance(like, Tensor) else like)
    pairs = zip(gradients, node.outputs, strict=True)
    return tuple([xp.zeros(*output) if g is None else g for g, output in pairs])


def _fitted(operation: Operation, shape: Any, dtype: Any, result: Any) -> Any:
    """The gradient in the shape and dtype of the input; an error if a rule got it wrong."""
    if result.shape != shape:
        if not operation.broadcasts:
            raise AssertionError(
                f"the rule of {operation} gave shape {result.shape}, the input has {shape}. "
                "Correct it, or declare broadcasts=True."
            )
        result = sum_to(result, shape=shape)
    return result if result.dtype == dtype else result.astype(dtype)


def _expect_current(node: Node, reader: Node, until: float = math.inf) -> None:
    """Raise if the node was freed, or an input of it assigned since `reader` used it."""
    if node.saved is None:
        raise InputError(
            f"the graph behind {node.operation} was freed by an earlier backward pass. "
            "Sum the losses, or call it first with retain_graph=True."
        )
    for edge in node.edges:
        if edge is not None and reader.order < edge[0].version < until:
            raise InputError(
                f"a parameter was assigned after {reader.operation} had used it. "
                "Call backward before the optimizer's step."
            )

"""The backward pass: gradients flow from a result to its inputs, youngest node first.

A node is younger than its inputs, so when the youngest waiting node is taken, every gradient that
belongs to it has arrived. A heap of waiting nodes is therefore the whole algorithm: nothing is
recursive, and no order is computed beforehand.

At first order gradients are arrays, and rules run at the speed of NumPy. With `create_graph` they
are tensors, and the same rules are recorded. A fused node has no rule for tensors, and a checkpoint
has no graph at all: both are *expanded*, that is computed again by their formula on the very same
inputs and recorded; the pass goes on through the new nodes, which are the youngest. Each node is
expanded once, so higher orders through k fused operations cost k times one, not two to the k.
"""

import heapq
import math
from collections.abc import Container, Sequence
from typing import Any

from minibig.autograd.state import enable_grad, nested, no_grad
from minibig.autograd.structure import sum_to
from minibig.autograd.tensors import Edge, Leaf, Node, Tensor, as_tuple, gathered, tick
from minibig.backend import InputError, is_array, namespace

def backward(
    self: Tensor, gradient: Any = None, *, retain_graph: bool = False, create_graph: bool = False
) -> None:
    """Add the derivatives of this tensor to `.grad` of every leaf that it depends on.

    `gradient` is the derivative of some final scalar with respect to this tensor; it may be left
    out if this is the scalar. The graph is freed on the way unless `retain_graph`; with
    `create_graph` the gradients carry history and can be differentiated again.

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
    def observe(node: Node, g: Any, results: Any) -> None:
        names = node.operation.inputs
        names = names + names[-1:] * (len(results) - len(names))  # as many as *inputs has
        sent = [f"{n} {_size(x)}" for n, x in zip(names, results, strict=False) if x is not None]
        came = ", ".join(map(_size, as_tuple(g)))
        print(f"{node.operation!s:7} g {came}  ->  {', '.join(sent)}")

    Walk(targets=(), observer=observe).run([(self, seed_gradient(self, gradient))])

def _size(g: Any) -> str:
    norm = float((g.astype("float64") ** 2).sum()) ** 0.5
    return f"{g.shape}: {float(g):.4g}" if g.shape == () else f"{g.shape}: |g| = {norm:.4g}"

def seed_gradient(output: Tensor, gradient: Any) -> Tensor:
    """The gradient with which a pass from `output` starts; 1 for a scalar."""
    if gradient is None:
        if output.size != 1:
            got = f"got shape {output.shape}. Sum the losses, or pass a gradient of that shape"
            raise InputError(f"a derivative without a gradient needs one element; {got}.")
        return Tensor(namespace(output.data).ones_like(output.data))
    if is_array(gradient):
        gradient = Tensor(gradient)
    if not isinstance(gradient, Tensor) or gradient.shape != output.shape:
        got = getattr(gradient, "shape", type(gradient).__name__)
        raise InputError(f"the gradient must be a tensor of shape {output.shape}; got {got}.")
    return gradient if gradient.dtype == output.dtype else gradient.astype(output.dtype)

def nodes_behind(root: Node, oldest: int, known: Container[Node] = ()) -> list[Node]:
    """The nodes through which root was computed, old before young; from `oldest` on, none known."""
    found, stack = set(), [root]
    while stack:
        node = stack.pop()
        if node.order >= oldest and node not in found and node not in known:
            found.add(node)
            stack.extend([edge[0] for edge in node.edges if edge is not None])
    return sorted(found, key=lambda node: node.order)

class Walk:
    """One backward pass: the nodes that wait, and the gradients that arrived for them.

    With `targets` the pass leaves every `.grad` alone, and collects the targets' gradients in
    `found`; it visits only nodes between the outputs and the targets (all, if there are none).
    `private` holds the edges whose gradient lies in memory that a kernel or this pass made: it may
    be added to in place, written over by a kernel, and become the `.grad` of a leaf as it is.
    """

    def __init__(
        self, *, create_graph: bool = False, free: bool = False,
        targets: Sequence[Tensor] | None = None, observer: Any = None,
    ):
        self.tensors, self.free, self.observer = create_graph, free, observer
        self.to_leaves = targets is None
        self.found: dict[Node, Any] = {x.edge[0]: None for x in targets or () if x.edge is not None}
        self.oldest = min((node.order for node in self.found), default=0)
        self.needed: dict[Node, bool] = {}
        self.leaves: list[tuple[Leaf, Any, bool]] = []
        self.heap: list[tuple[int, Node]] = []
        self.arrived: dict[Node, list[Any]] = {}
        self.private: set[Edge] = set()

    def run(self, seeds: list[tuple[Tensor, Any]]) -> None:
        """Send each gradient into the graph from its output, and follow until nothing waits."""
        with enable_grad() if self.tensors else no_grad():
            for output, gradient in seeds:
                self._enter(output, gradient if self.tensors else gradient.data, False)
            while self.heap:
                node = heapq.heappop(self.heap)[1]
                self._visit(node, self.arrived.pop(node))
            if self.to_leaves:  # only now: a pass that is refused on the way changes nothing
                for leaf, g, private in self.leaves:
                    leaf.grad = gathered(leaf.grad, g, private)

    def _enter(self, output: Tensor, g: Any, private: bool) -> None:
        if output.edge is not None and self._is_needed(output.edge[0]):
            self._send(output.edge, g, private)

    def _send(self, edge: Edge, g: Any, private: bool) -> None:
        """Let g arrive at a node's output. What arrives first is taken; the rest is added to it."""
        node, index = edge
        gradients = self.arrived.get(node)
        if gradients is None:
            gradients = self.arrived[node] = [None] * len(node.outputs)
            heapq.heappush(self.heap, (-node.order, node))
        if gradients[index] is None:
            gradients[index] = g
        elif edge in self.private:
            gradients[index] += g
        else:
            gradients[index] = gradients[index] + g
            private = not self.tensors
        if private:
            self.private.add(edge)

    def _visit(self, node: Node, gradients: list[Any]) -> None:
        if node.watched is not None:
            for index in [i for i in node.watched if gradients[i] is not None]:
                node.watched[index] = gathered(None, gradients[index], False)
        if self.found and node in self.found:
            self.found[node] = gradients[0]
        if isinstance(node, Leaf):
            self.leaves.append((node, gradients[0], (node, 0) in self.private))
            return
        _check(node, node)
        wanted = tuple(map(bool, node.edges))
        if self.found:
            wanted = tuple([edge is not None and self._is_needed(edge[0]) for edge in node.edges])
        if node.operation.opaque or (self.tensors and node.operation.fused):
            self._expand(node, gradients)
        else:
            self._apply(node, gradients, wanted)
        if self.free:
            node.saved, node.edges = None, ()

    def _expand(self, node: Node, gradients: list[Any]) -> None:
        """Compute the node again by its formula, and let its gradients go through the new nodes."""
        start = tick()
        with nested() if self.found else enable_grad():
            outputs = as_tuple(node.operation.expand(node))
        for i, (output, g) in enumerate(zip(outputs, gradients, strict=True)):
            if output.edge is not None and g is not None:
                for inner in nodes_behind(output.edge[0], start):
                    _check(inner, node, start)
                self._enter(output, g, (node, i) in self.private)

    def _apply(self, node: Node, gradients: list[Any], wanted: tuple[bool, ...]) -> None:
        """Pass the gradients of a node's outputs on to its inputs, by the operation's rules."""
        g, operation = gradients[0], node.operation
        if len(gradients) > 1:
            like = next(g for g in gradients if g is not None)
            xp = namespace(like.data if isinstance(like, Tensor) else like)
            pairs = zip(gradients, node.outputs, strict=True)
            g = tuple([xp.zeros(*output) if g is None else g for g, output in pairs])
        if operation.fused:
            results = operation.gradients(node, g, wanted, (node, 0) in self.private, self.free)
        else:
            results = operation.gradients(node, g, wanted, self.tensors)
        if self.observer is not None:
            self.observer(node, g, results)
        for edge, result, needs in zip(node.edges, results, wanted, strict=True):
            if needs and result is not None and edge is not None:
                private = operation.fused
                shape, dtype = edge[0].outputs[edge[1]]
                if result.shape != shape or result.dtype != dtype:
                    result = _fitted(operation, shape, dtype, result)
                    private = not self.tensors
                self._send(edge, result, private)

    def _is_needed(self, node: Node) -> bool:
        """Whether the way from node leads to a target; without targets, every way does."""
        if not self.found:
            return True
        if node not in self.needed:
            for each in nodes_behind(node, self.oldest, self.needed):
                _check(each, each)  # a freed node may have led to a target
                ways = [edge is not None and self.needed.get(edge[0]) for edge in each.edges]
                opaque = getattr(each.operation, "opaque", False)  # a leaf has no operation
                self.needed[each] = each in self.found or opaque or True in ways
        return self.needed.get(node, False)

def _fitted(operation: Any, shape: Any, dtype: Any, result: Any) -> Any:
    """The gradient in the shape and dtype of the input; an error if a rule got it wrong."""
    if result.shape != shape:
        if not operation.broadcasts:
            problem = f"the rule of {operation} gave shape {result.shape}, the input has {shape}"
            raise AssertionError(f"{problem}. Correct it, or declare broadcasts=True.")
        result = sum_to(result, shape=shape)
    return result if result.dtype == dtype else result.astype(dtype)

def _check(node: Node, reader: Node, until: float = math.inf) -> None:
    """Raise if the node was freed, or an input of it assigned since `reader` used it."""
    if node.saved is None:
        problem = f"the graph behind {node.operation} was freed by an earlier backward pass"
        raise InputError(f"{problem}. Sum the losses, or call it first with retain_graph=True.")
    for edge in node.edges:
        if edge is not None and reader.order < edge[0].version < until:
            problem = f"a parameter was assigned after {reader.operation} had used it"
            raise InputError(f"{problem}. Call backward before the optimizer's step.")

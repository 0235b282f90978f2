"""Functional forms: derivatives as functions of functions. They nest to any order.

Each form enters through a fresh alias of its inputs and walks only between them and the result. So
it never enters older nodes, never touches a `.grad`, never frees a graph, and does not confuse the
variable of an inner form with that of an outer one. Results carry history when a form stands inside
another one, or with `create_graph=True`.
"""

from collections.abc import Callable
from typing import Any

from minibig.autograd.backward import Walk, seed_gradient
from minibig.autograd.primitive import explain_types, primitive, wrapped
from minibig.autograd.state import enable_grad, nested, no_grad, state
from minibig.autograd.structure import alias, reshape
from minibig.autograd.tensor import Leaf, Node, Tensor, tick
from minibig.backend import Array, InputError, at, moment, namespace

def _entered(x: Any, name: str) -> Tensor:
    """x under a new name in the graph: what a functional form differentiates by."""
    if not isinstance(x, Tensor) or x.dtype.kind != "f":
        got = f"a tensor of {x.dtype}" if isinstance(x, Tensor) else type(x).__name__
        raise InputError(f"{name} needs floating-point tensors to differentiate by; got {got}.")
    return Tensor(x.data, (Leaf(x.data), 0)) if x.edge is None else alias(x)

def _outputs(y: Any, name: str) -> tuple[Tensor, ...]:
    outputs = y if isinstance(y, tuple) else (y,)
    if not all(isinstance(output, Tensor) for output in outputs):
        raise InputError(f"{name} needs a function that returns a tensor or a tuple of tensors.")
    return outputs

def _detached(y: Any) -> Any:
    return tuple(map(Tensor.detach, y)) if isinstance(y, tuple) else y.detach()

def _pulled(
    seeds: list[tuple[Tensor, Any]], inputs: list[Tensor], create_graph: bool
) -> list[Tensor]:
    """The gradients of the inputs, zero where nothing depends on them."""
    walk = Walk(create_graph=create_graph, targets=[x.edge[0] for x in inputs if x.edge])
    walk.run(seeds)
    results = []
    for x in inputs:
        g = walk.found[x.edge[0]]  # type: ignore[index]
        g = namespace(x.data).zeros_like(x.data) if g is None else g
        results.append(g if isinstance(g, Tensor) else wrapped(g, None))
    return results

def vjp(f: Callable[..., Any], *xs: Tensor) -> tuple[Any, Callable[..., Any]]:
    """y = f(*xs), and the function g -> gᵀ·J that pulls a gradient of y back to the inputs.

    The function takes a gradient for every output and returns a tensor for one input, else a tuple.

    >>> y, pull = mb.vjp(mb.exp, mb.tensor([0.0, 1.0]))
    >>> pull(mb.tensor([1.0, 0.0]))
    tensor([1., 0.])
    """
    inputs = [_entered(x, "vjp") for x in xs]
    with nested(), enable_grad():
        y = f(*inputs)
    outputs = _outputs(y, "vjp")

    def pull(*gradients: Tensor, create_graph: bool = False) -> Any:
        if len(gradients) != len(outputs):
            raise InputError(f"the pullback needs {len(outputs)} gradients; got {len(gradients)}.")
        seeds = [(out, seed_gradient(out, g)) for out, g in zip(outputs, gradients, strict=True)]
        results = _pulled(seeds, inputs, create_graph or state.nesting > 0)
        return results[0] if len(results) == 1 else tuple(results)

    return (y if state.nesting else _detached(y)), pull

def value_and_grad(
    f: Callable[..., Any], argnums: int | tuple[int, ...] = 0, *, create_graph: bool = False
) -> Callable[..., Any]:
    """The function that returns f and its gradient with respect to the arguments `argnums`.

    f must return a scalar. The gradient is a tensor, or a tuple of them if `argnums` is one.

    >>> mb.value_and_grad(lambda x, y: (x * y).sum(), (0, 1))(mb.tensor([2.0]), mb.tensor([5.0]))
    (tensor(10.), (tensor([5.]), tensor([2.])))
    """
    numbers = argnums if isinstance(argnums, tuple) else (argnums,)

    def differentiated(*xs: Any) -> Any:
        if not all(-len(xs) <= n < len(xs) for n in numbers):
            raise InputError(f"argnums {argnums} do not fit a call with {len(xs)} arguments.")
        arguments = list(xs)
        inputs = [_entered(xs[n], "grad") for n in numbers]
        for n, x in zip(numbers, inputs, strict=True):
            arguments[n] = x
        with nested() as inside, enable_grad():
            y = f(*arguments)
            if not isinstance(y, Tensor) or y.size != 1:
                got = y.shape if isinstance(y, Tensor) else type(y).__name__
                raise InputError(f"grad needs a function with a scalar result; got {got}. Sum it.")
            carries = create_graph or inside
            results = _pulled([(y, seed_gradient(y, None))], inputs, carries)
        gradient = tuple(results) if isinstance(argnums, tuple) else results[0]
        return (y if carries else y.detach()), gradient

    return differentiated

def grad(
    f: Callable[..., Any], argnums: int | tuple[int, ...] = 0, *, create_graph: bool = False
) -> Callable[..., Any]:
    """The function that computes the gradient of the scalar function f.

    The result carries history inside another functional form, or with `create_graph=True`.

    >>> cube = lambda x: x * x * x
    >>> mb.grad(cube)(mb.tensor(2.0)), mb.grad(mb.grad(cube))(mb.tensor(2.0))
    (tensor(12.), tensor(12.))
    """
    both = value_and_grad(f, argnums, create_graph=create_graph)
    return lambda *xs: both(*xs)[1]

def jvp(f: Callable[..., Any], x: Any, t: Any) -> tuple[Any, Any]:
    """y = f(x) and J·t, the derivative of f in the direction t; x and t may be tuples.

    The pullback u -> uᵀ·J is linear in u, and its own pullback at t is J·t.

    >>> mb.jvp(mb.exp, mb.tensor([0.0, 1.0]), mb.tensor([3.0, 0.0]))
    (tensor([1. , 2.7183]), tensor([3., 0.]))
    """
    xs, ts = (x, t) if isinstance(x, tuple) else ((x,), (t,))
    inputs = [_entered(each, "jvp") for each in xs]
    if len(ts) != len(inputs):
        raise InputError(
            f"jvp needs one direction for each of {len(inputs)} inputs; got {len(ts)}."
        )
    with nested() as inside, enable_grad():
        y = f(*inputs)
        outputs = _outputs(y, "jvp")
        duals = [_entered(Tensor(namespace(o.data).ones_like(o.data)), "jvp") for o in outputs]
        pulled = _pulled(list(zip(outputs, duals, strict=True)), inputs, True)
        seeds = [(p, seed_gradient(p, direction)) for p, direction in zip(pulled, ts, strict=True)]
        pushed = _pulled(seeds, duals, inside)
    pushed_out = tuple(pushed) if isinstance(y, tuple) else pushed[0]
    return (y if inside else _detached(y)), pushed_out

def hvp(f: Callable[..., Any], x: Tensor, v: Tensor) -> Tensor:
    """H·v, the Hessian of the scalar function f at x times the vector v.

    >>> mb.hvp(lambda x: (x * x * x).sum(), mb.tensor([1.0, 2.0]), mb.tensor([1.0, 1.0]))
    tensor([ 6., 12.])
    """
    return jvp(grad(f), x, v)[1]

@primitive
def stacked_rows(*rows: Array) -> Array:
    """The arrays, which have one shape, along a new first axis."""
    return namespace(rows[0]).stack(rows)
stacked_rows.defvjp(rows=lambda g: tuple(g))

def hessian(f: Callable[..., Any]) -> Callable[[Tensor], Tensor]:
    """The function that computes the Hessian of the scalar function f, row by row: Hᵢ = eᵢᵀ·H.

    Shapes:  x (...)  ->  (*x.shape, *x.shape).

    >>> mb.hessian(lambda x: x[0] * x[0] * x[1])(mb.tensor([1.0, 2.0]))
    tensor([[4., 2.],
            [2., 0.]])
    """
    def differentiated(x: Tensor) -> Tensor:
        _, pull = vjp(grad(f), x)
        units = namespace(x.data).eye(x.size, dtype=x.dtype)
        rows = [pull(Tensor(unit.reshape(x.shape))) for unit in units]
        return reshape(stacked_rows(*rows) if rows else Tensor(units), (*x.shape, *x.shape))

    return differentiated

class _Checkpoint:
    """The operation behind `checkpoint`: it has no graph until the backward pass needs one."""

    opaque, fused, broadcasts = True, False, False

    def __init__(self, f: Callable[..., Any]):
        self.f = f

    def __repr__(self) -> str:
        return f"checkpoint({getattr(self.f, '__name__', type(self.f).__name__)})"

    def expand(self, node: Node) -> Any:
        arrays, before = node.saved
        start = tick()
        with at(before):
            y = self.f(*map(Tensor, arrays, node.edges))
        stack = [out.edge[0] for out in _outputs(y, "checkpoint") if out.edge is not None]
        seen: set[Node] = set()
        while stack:
            inner = stack.pop()
            if inner in seen:
                continue
            seen.add(inner)
            if isinstance(inner, Leaf) and inner.version > node.order:
                raise InputError(
                    f"a parameter was assigned after {self} had used it, so it cannot be computed "
                    "again. Call backward before the optimizer's step."
                )
            if inner.order > start:
                stack.extend(edge[0] for edge in inner.edges if edge is not None)
        return y

def checkpoint(f: Callable[..., Any], *xs: Tensor) -> Any:
    """f(*xs) without keeping what is inside: the backward pass computes it again.

    Memory for time: one more forward pass of f, and only its inputs are kept. Dropout inside f
    draws the same masks again.

    Source:  Chen et al. 2016, arXiv:1604.06174, section 4.

    >>> x = mb.tensor([1.0, 2.0], requires_grad=True)
    >>> mb.checkpoint(lambda x: mb.exp(x * x), x).sum().backward()
    >>> bool(abs(x.grad - 2 * x * mb.exp(x * x)).max().item() < 1e-4)
    True
    """
    explain_types("checkpoint", xs)
    if not state.recording:
        return f(*xs)
    before = moment()
    with no_grad():
        y = f(*xs)
    outputs = _outputs(y, "checkpoint")
    arrays = tuple(out.data for out in outputs)
    saved = ([x.data for x in xs], before)
    node = Node(_Checkpoint(f), tuple(x.edge for x in xs), saved, arrays)
    return wrapped(arrays, node) if isinstance(y, tuple) else wrapped(arrays[0], node)

"""Functional forms: derivatives as functions of functions. They nest to any order.

Each form enters through a fresh alias of its inputs and walks only between them and the result. So
it never enters older nodes, never touches a `.grad`, never frees a graph, and does not confuse the
variable of an inner form with that of an outer one. Results carry history when a form stands inside
another one, or with `create_graph=True`.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from minibig.autograd.backward_pass import Walk, seed_gradient
from minibig.autograd.operations import expect_function, expect_outputs
from minibig.autograd.primitives import primitive
from minibig.autograd.state import state
from minibig.autograd.structure import alias, reshape
from minibig.autograd.tensors import Function, Leaf, Tensor, as_tuple, kind_of, wrapped
from minibig.backend import Array, InputError, namespace
from minibig.backend.checks import whole

Places: TypeAlias = int | tuple[int, ...]


def _entered(x: Any, name: str) -> Tensor:
    """x under a new name in the graph: what a functional form differentiates by."""
    if not isinstance(x, Tensor) or x.dtype.kind != "f":
        raise InputError(f"{name} needs tensors of floating-point numbers; got {kind_of(x)}.")
    return Tensor(x.data, (Leaf(x.data), 0)) if x.edge is None else alias(x)


def pullback(
    name: str, f: Function, xs: Sequence[Any], *, create_graph: bool = False
) -> tuple[Any, Function]:
    """y = f(*xs), and the function from gradients of y to gradients of xs, all in tuples.

    Both have a history with `create_graph`, or where another form stands around.
    """
    expect_function(name, f)
    inputs, y = state.call_with(_traced, f, xs, name, recording=True, nesting=state.nesting + 1)
    outputs = expect_outputs(name, y)
    if not (create_graph or state.nesting):
        y = tuple(map(Tensor.detach, y)) if isinstance(y, tuple) else y.detach()

    def pull(*gradients: Any, create_graph: bool = create_graph) -> tuple[Tensor, ...]:
        if len(gradients) != len(outputs):
            raise InputError(f"the pullback needs {len(outputs)} gradients; got {len(gradients)}.")
        targets = [x.edge[0] for x in inputs]  # an input is a leaf or an alias: one output
        walk = Walk(create_graph=create_graph or state.nesting > 0, targets=set(targets))
        walk.run([(y, seed_gradient(y, g)) for y, g in zip(outputs, gradients, strict=True)])
        found = [walk.results.get(target) for target in targets]
        return tuple(map(_gradient_or_zeros, found, inputs))

    return y, pull


def _traced(f: Function, xs: Sequence[Any], name: str) -> tuple[list[Any], Any]:
    inputs = [_entered(x, name) for x in xs]
    return inputs, f(*inputs)


def _gradient_or_zeros(g: Any, x: Tensor) -> Tensor:
    if isinstance(g, Tensor):
        return g
    return wrapped(namespace(x.data).zeros_like(x.data) if g is None else g, None)


def with_respect_to(f: Function, xs: Sequence[Any], places: Sequence[int]) -> Function:
    """f as a function of the arguments at some places only; the others are those of xs."""

    def of_chosen(*chosen: Tensor) -> Any:
        arguments = dict(enumerate(xs)) | dict(zip(places, chosen, strict=True))
        return f(*arguments.values())

    return of_chosen


def vjp(f: Function, *xs: Tensor) -> tuple[Any, Function]:
    """y = f(*xs), and the function g -> gᵀ·J that pulls a gradient of y back to the inputs.

    The function takes a gradient for every output and returns a tensor for one input, else a tuple.

    >>> y, pull = mb.vjp(mb.exp, mb.tensor([0.0, 1.0]))
    >>> pull(mb.tensor([1.0, 0.0]))
    tensor([1., 0.])
    """
    y, pull = pullback("vjp", f, xs)

    def pull_back(*gradients: Tensor, create_graph: bool = False) -> Any:
        results = pull(*gradients, create_graph=create_graph)
        return results[0] if len(results) == 1 else results

    return y, pull_back


def value_and_grad(f: Function, argnums: Places = 0, *, create_graph: bool = False) -> Function:
    """The function that returns f and its gradient with respect to the arguments `argnums`.

    f must return a scalar. The gradient is a tensor, or a tuple of them if `argnums` is one.

    >>> mb.value_and_grad(lambda x, y: (x * y).sum(), (0, 1))(mb.tensor([2.0]), mb.tensor([5.0]))
    (tensor(10.), (tensor([5.]), tensor([2.])))
    """
    expect_function("grad", f)
    numbers = argnums if isinstance(argnums, tuple) else (argnums,)
    for number in numbers:
        whole("argnums", number)

    def differentiated(*xs: Any) -> Any:
        if not all(-len(xs) <= n < len(xs) for n in numbers):
            raise InputError(f"argnums {argnums} do not fit a call with {len(xs)} arguments.")
        chosen = with_respect_to(f, xs, [n % len(xs) for n in numbers])
        y, pull = pullback("grad", chosen, [xs[n] for n in numbers], create_graph=create_graph)
        if not isinstance(y, Tensor) or y.size != 1:
            raise InputError(f"grad needs a scalar result of the function; got {kind_of(y)}.")
        gradients = pull(None)
        return y, gradients if numbers is argnums else gradients[0]

    return differentiated


def grad(f: Function, argnums: Places = 0, *, create_graph: bool = False) -> Function:
    """The function that computes the gradient of the scalar function f.

    The result carries history inside another functional form, or with `create_graph=True`.

    >>> cube = lambda x: x * x * x
    >>> mb.grad(cube)(mb.tensor(2.0)), mb.grad(mb.grad(cube))(mb.tensor(2.0))
    (tensor(12.), tensor(12.))
    """
    differentiated = value_and_grad(f, argnums, create_graph=create_graph)
    return lambda *xs: differentiated(*xs)[1]


def jvp(f: Function, x: Any, t: Any) -> tuple[Any, Any]:
    """y = f(x) and J·t, the derivative of f in the direction t; x and t may be tuples.

    The pullback u -> uᵀ·J is linear in u, and its own pullback at t is J·t.

    >>> mb.jvp(mb.exp, mb.tensor([0.0, 1.0]), mb.tensor([3.0, 0.0]))
    (tensor([1. , 2.7183]), tensor([3., 0.]))
    """
    xs, ts = as_tuple(x), as_tuple(t)
    if len(ts) != len(xs):
        raise InputError(f"jvp needs one direction for each of {len(xs)} inputs; got {len(ts)}.")
    y, pull = pullback("jvp", f, xs)
    u = [Tensor(namespace(output.data).ones_like(output.data)) for output in as_tuple(y)]
    pushed = pullback("jvp", pull, u)[1](*ts)
    return y, pushed if isinstance(y, tuple) else pushed[0]


def hvp(f: Function, x: Tensor, v: Tensor) -> Tensor:
    """H·v, the Hessian of the scalar function f at x times the vector v.

    >>> mb.hvp(lambda x: (x * x * x).sum(), mb.tensor([1.0, 2.0]), mb.tensor([1.0, 1.0]))
    tensor([ 6., 12.])
    """
    return jvp(grad(f), x, v)[1]


@primitive(name="jacobian")
def stacked_rows(*rows: Array) -> Array:
    """The arrays, which have one shape, along a new first axis."""
    return namespace(rows[0]).stack(rows)


stacked_rows.defvjp(rows=lambda g: tuple(g))


def jacobian(f: Function) -> Callable[[Tensor], Tensor]:
    """The function that computes the Jacobian of f, all ∂yᵢ/∂xⱼ, row by row: Jᵢ = eᵢᵀ·J.

    Shapes:  x (...), y = f(x)  ->  (*y.shape, *x.shape).

    >>> mb.jacobian(lambda x: x * x)(mb.tensor([1.0, 3.0]))
    tensor([[2., 0.],
            [0., 6.]])
    """
    expect_function("jacobian", f)

    def differentiated(x: Tensor) -> Tensor:
        y, pull = vjp(f, x)
        if not isinstance(y, Tensor):
            raise InputError(f"jacobian needs a function with one result; got {len(y)} of them.")
        units = namespace(y.data).eye(y.size, dtype=y.dtype)
        rows = [pull(Tensor(unit.reshape(y.shape))) for unit in units]
        no_rows = Tensor(namespace(x.data).zeros((0, *x.shape), x.dtype))
        return reshape(stacked_rows(*rows) if rows else no_rows, (*y.shape, *x.shape))

    return differentiated


def hessian(f: Function) -> Callable[[Tensor], Tensor]:
    """The function that computes the Hessian of a scalar function: the Jacobian of its gradient.

    Shapes:  x (...)  ->  (*x.shape, *x.shape).

    >>> mb.hessian(lambda x: x[0] * x[0] * x[1])(mb.tensor([1.0, 2.0]))
    tensor([[4., 2.],
            [2., 0.]])
    """
    expect_function("hessian", f)
    return jacobian(grad(f))

"""Primitives: functions of arrays, each with one derivative rule per input.

    @primitive
    def exp(x, /): return namespace(x).exp(x)
    exp.defvjp(x=lambda g, y: g * y)

Parameters before `/` are the inputs: arrays, tensors or numbers. Those behind it are keywords,
which may also be given by position, as in NumPy: `sum(x, 0)` is `sum(x, axis=0)`.

A rule turns g, the gradient of the output, into the gradient of one input, or into one for each of
`*inputs`. It names what it needs: `y` the output, an input by its name, `<input>_shape`, or a
keyword; besides the keywords the node keeps just that. Rules use operators and methods only, so
that one rule runs on arrays (first order, at the speed of NumPy) and on tensors (any order).

Called on arrays a primitive is just its function; called on tensors it is recorded. A kernel of a
primitive is a function of the same arrays and keywords with the same result.
"""

import functools
import inspect
import math
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias, overload

import numpy as np

from minibig.autograd.operations import Kernel, Operation, not_an_operand
from minibig.autograd.state import state
from minibig.autograd.tensors import Edge, Function, Node, Pattern, Tensor, wrapped
from minibig.backend import InputError, is_array, namespace, plain
from minibig.backend.checks import shown
from minibig.other_names import on_keyword, on_list

Decorator: TypeAlias = "Callable[[Function], Primitive]"


class Plan(NamedTuple):
    """For one pattern of inputs that require a gradient: what a call saves, and who reads it.

    `slots` say for each name that a rule uses its place among inputs and output, and whether its
    shape is meant: ("y", 2, False), or ("x_shape", 0, True). Keywords are saved by their names.
    `rules` holds for each input its rule, None where none is wanted, and the names that it uses.
    """

    slots: list[tuple[str, int, bool]]
    rules: list[tuple[Function | None, list[str]]]


class Primitive(Operation):
    """A function of arrays with its derivative rules; see the module's docstring."""

    is_constant = False

    def __init__(self, function: Function, *, broadcasts: bool = False, name: str | None = None):
        super().__init__(function, name)
        self.broadcasts = broadcasts
        self.most_inputs = math.inf if self.variadic else len(self.inputs)
        self.compute = function  # by a kernel, once there is one
        self.rules: dict[str, Function] = {}
        self.plans: dict[Pattern, Plan] = {}

    def defvjp(self, **rules: Function) -> None:
        """State the derivative: for each input a rule that starts with g."""
        if unknown := set(rules) - set(self.inputs):
            raise TypeError(f"{self}: no inputs called {sorted(unknown)}; it has {self.inputs}.")
        self.rules.update(rules)
        self.plans.clear()

    def kernel(self, *devices: str) -> Callable[[Function], Kernel]:
        self.register()
        self.compute = self._compute
        return super().kernel(*devices)

    @overload
    def __call__(self, x: Tensor, /, *inputs: Any, **keywords: Any) -> Tensor: ...
    @overload
    def __call__(self, /, *inputs: Any, **keywords: Any) -> Any: ...
    def __call__(self, /, *inputs: Any, **keywords: Any) -> Any:
        if len(inputs) > self.most_inputs:
            inputs, keywords = self.bound(inputs, keywords)
        arrays: list[Any] = []
        edges: list[Edge | None] = []
        tensors = numbers = False
        for x in inputs:
            if isinstance(x, Tensor):
                tensors = True
                arrays.append(x.data)
                edges.append(x.edge)
            else:
                if type(x) is not np.ndarray:  # a question less for what is common
                    if not (isinstance(x, (np.generic, float, int)) or is_array(x)):
                        raise not_an_operand(self, "tensors, arrays or numbers", x)
                    x = plain(x)
                numbers = numbers or getattr(x, "ndim", 1) == 0
                arrays.append(x)
                edges.append(None)
        if not tensors:
            return self.compute(*arrays, **keywords)
        if numbers:  # beside tensors, NumPy's numbers and arrays without axes are Python's
            given = zip(arrays, inputs, strict=True)
            arrays = [a.item() if a is x and getattr(a, "ndim", 1) == 0 else a for a, x in given]
        try:
            y = self.compute(*arrays, **keywords)
        except InputError:
            raise
        except (ValueError, TypeError, IndexError, OverflowError) as error:
            raise _explained(error, self, arrays) from error
        if self.is_constant or not any(edges) or not state.recording:
            return Tensor(y) if type(y) is np.ndarray else wrapped(y, None)
        if (y[0] if isinstance(y, tuple) else y).dtype.kind != "f":
            return wrapped(y, None)
        node = self._record(arrays, tuple(edges), y, keywords)
        return Tensor(y, (node, 0)) if type(y) is np.ndarray else wrapped(y, node)

    def _compute(self, *arrays: Any, **keywords: Any) -> Any:
        """The result by a kernel, or by the function itself."""
        kernel = self.kernel_for(arrays[0])
        y = NotImplemented if kernel is None else kernel.forward(*arrays, **keywords)
        return self.definition(*arrays, **keywords) if y is NotImplemented else y

    def _record(
        self, arrays: list[Any], edges: tuple[Edge | None, ...], y: Any, keywords: dict[str, Any]
    ) -> Node:
        node = Node(self, edges, None, y)
        plan = self.plans.get(node.pattern) or self._plan(node.pattern)
        saved = self.keywords | keywords
        call = [arrays, y] if self.variadic else [*arrays, y]
        for name, place, as_shape in plan.slots:
            saved[name] = _shape(call[place]) if as_shape else call[place]
        node.saved = plan, saved
        return node

    def _plan(self, pattern: Pattern) -> Plan:
        inputs = self.inputs[: len(pattern)]
        call = [*inputs, "y"]
        plan = Plan([], [])
        for each, needed in zip(inputs, pattern, strict=False):
            rule, names = self._rule(each) if needed or self.variadic else (None, [])
            plan.rules.append((rule, names))
            for name in names:
                if name in self.keywords:
                    continue
                source = name if name in call else name.removesuffix("_shape")
                if source not in call:
                    raise TypeError(f"a rule of {self} has {name!r}, which is no input or keyword.")
                plan.slots.append((name, call.index(source), name != source))
        self.plans[pattern] = plan
        return plan

    def _rule(self, name: str) -> tuple[Function, list[str]]:
        """The rule of an input, and the names that it uses beside g."""
        if name not in self.rules:
            raise InputError(
                f"{self} has no derivative with respect to {name}. "
                f"Pass {name}.detach() if none is wanted."
            )
        first, *names = inspect.signature(self.rules[name]).parameters or [""]
        if first != "g":
            raise TypeError(f"{self}: the rule of {name} must begin with g; got {first!r}.")
        return self.rules[name], names

    def gradients(self, node: Node, g: Any, needed: Pattern, owned: bool, last: bool) -> Any:
        plan, saved = node.saved
        if isinstance(g[0] if isinstance(g, tuple) else g, Tensor):
            saved = {name: self._with_history(node, name, x) for name, x in saved.items()}
        if self.variadic:
            rule, names = plan.rules[0]
            return rule(g, *map(saved.__getitem__, names))
        results = []
        for (rule, names), wanted in zip(plan.rules, needed, strict=False):
            results.append(rule(g, *map(saved.__getitem__, names)) if wanted else None)
        return results

    def _with_history(self, node: Node, name: str, x: Any) -> Any:
        """What a node saved, arrays as tensors with their history: for derivatives of the rule."""
        if name == "y":
            return wrapped(x, node)
        if name not in self.inputs:
            return x
        if self.variadic:
            return list(map(Tensor, x, node.edges))
        return Tensor(x, node.edges[self.inputs.index(name)]) if is_array(x) else x


class Constant(Primitive):
    """A primitive whose result has no derivative."""

    is_constant = True


def _summary(x: Any) -> str:
    """An input as an error sentence shows it: float32[2, 3] for an array."""
    if not is_array(x):
        return shown(x)
    return f"{x.dtype}{list(x.shape)}{'' if namespace(x) is np else ' on cuda'}"


def _explained(error: Exception, operation: Operation, arrays: list[Any]) -> Exception:
    """What NumPy said about the arrays, with the operation and what it was given."""
    kind = type(error) if type(error) in (TypeError, IndexError) else InputError
    if advice := on_keyword(error):
        return kind(f"{operation} has no {advice}")
    said = f"{', '.join(map(_summary, arrays))}: {error}".strip(". ")
    return kind(f"{operation} cannot take {said}.{on_list(error)}")


def _shape(x: Any) -> Any:
    """The shape of an input, or those of all."""
    return list(map(_shape, x)) if isinstance(x, list) else getattr(x, "shape", ())


@overload
def primitive(function: Function, /) -> Primitive: ...
@overload
def primitive(*, broadcasts: bool = ..., name: str | None = ...) -> Decorator: ...
def primitive(function: Any = None, /, *, broadcasts: bool = False, name: str | None = None) -> Any:
    """Make a function of arrays a differentiable operation (decorator).

    With `broadcasts` the inputs may have shapes that NumPy broadcasts, and the engine sums each
    gradient back to its input's shape. `name` is what errors call it, where users know it by
    another name than that of the function.

    >>> @primitive
    ... def cube(x, /): return x * x * x
    >>> cube.defvjp(x=lambda g, x: 3 * g * x * x)
    >>> mb.grad(cube)(mb.tensor(2.0))
    tensor(12.)
    """
    make = functools.partial(Primitive, broadcasts=broadcasts, name=name)
    return make if function is None else make(function)


def constant(function: Function, /, *, name: str | None = None) -> Primitive:
    """Make a function of arrays an operation whose result has no derivative (decorator)."""
    return Constant(function, name=name)

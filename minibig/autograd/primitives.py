"""Primitives: functions of arrays, each with one derivative rule per input.

    @primitive
    def exp(x, /): return namespace(x).exp(x)
    exp.defvjp(x=lambda g, y: g * y)

Parameters before `/` are the inputs: arrays, tensors or numbers. Those behind it are keywords,
which may also be given by position, as in NumPy: `sum(x, 0)` is `sum(x, axis=0)`.

A rule turns g, the gradient of the output, into the gradient of one input, or into one for each of
`*inputs`. It names what it needs, and the node keeps just that: `y` the output, an input by its
name, `<input>_shape`, or a keyword. Rules use operators and methods only, so that one rule runs on
arrays (first order, at the speed of NumPy) and on tensors (any order).

Called on arrays a primitive is just its function; called on tensors it is recorded.
"""

import functools
import inspect
from collections.abc import Callable
from inspect import Parameter
from types import MethodType
from typing import Any, TypeVar, cast, overload

import numpy as np

from minibig.autograd.state import state
from minibig.autograd.tensors import Edge, Node, Tensor
from minibig.backend import InputError, is_array, namespace

F = TypeVar("F", bound=Callable[..., Any])

class Operation:
    """What primitives and fusibles share: a name, inputs, keywords; they can also be methods."""

    opaque, fused, broadcasts = False, False, False

    def __init__(self, function: Callable[..., Any]):
        functools.update_wrapper(self, function)  # type: ignore[arg-type]
        parameters = inspect.signature(function).parameters.values()
        self.variadic = any(p.kind == p.VAR_POSITIONAL for p in parameters)
        slash = any(p.kind == p.POSITIONAL_ONLY for p in parameters)
        of_keywords = {Parameter.KEYWORD_ONLY, slash and Parameter.POSITIONAL_OR_KEYWORD}
        self.inputs = [p.name for p in parameters if p.kind not in of_keywords]
        self.keywords = {p.name: p.default for p in parameters if p.kind in of_keywords}
        self.placed = [p.name for p in parameters if slash and p.kind == p.POSITIONAL_OR_KEYWORD]
        self.defaults = {p.name: p.default for p in parameters}

    def __repr__(self) -> str:
        return str(self.__name__)  # type: ignore[attr-defined]

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else MethodType(self, instance)  # type: ignore[arg-type]

class Primitive(Operation):
    """A function of arrays with its derivative rules; see the module's docstring."""

    def __init__(self, function: Callable[..., Any], broadcasts: bool, constant: bool):
        super().__init__(function)
        self.function, self.broadcasts, self.constant = function, broadcasts, constant
        self.rules: dict[str, Callable[..., Any]] = {}
        self.plans: dict[tuple[bool, ...], tuple[list[Any], list[Any]]] = {}

    def computed_by(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Let another function of arrays compute the same (decorator): only the speed changes."""
        self.function = function
        return function

    def defvjp(self, **rules: Callable[..., Any]) -> None:
        """State the derivative: for each input a rule that starts with g."""
        if unknown := set(rules) - set(self.inputs):
            raise TypeError(f"{self}: no inputs called {sorted(unknown)}; it has {self.inputs}.")
        self.rules.update(rules)

    @overload
    def __call__(self, x: Tensor, /, *inputs: Any, **keywords: Any) -> Tensor: ...
    @overload
    def __call__(self, /, *inputs: Any, **keywords: Any) -> Any: ...
    def __call__(self, /, *inputs: Any, **keywords: Any) -> Any:
        if len(inputs) > len(self.inputs) and not self.variadic:
            inputs, keywords = self._by_name(inputs, keywords)
        arrays: list[Any] = []
        edges: list[Edge | None] = []
        tensors = False
        for x in inputs:
            if isinstance(x, Tensor):
                tensors = True
                arrays.append(x.data)
                edges.append(x.edge)
            else:
                arrays.append(_operand(x, self))
                edges.append(None)
        if not tensors:
            return self.function(*arrays, **keywords)
        if None in edges:  # the dtype of a NumPy scalar would turn float32 into float64
            arrays = [x.item() if isinstance(x, np.generic) else x for x in arrays]
        try:
            y = self.function(*arrays, **keywords)
        except InputError:
            raise
        except (ValueError, TypeError, IndexError) as error:
            kind = type(error) if type(error) in (TypeError, IndexError) else InputError
            given = ", ".join(map(_summary, arrays))
            raise kind(f"{self} cannot take {given}: {error}") from error
        if self.constant or not any(edges) or not state.recording:
            return wrapped(y, None)
        is_float = (y[0] if isinstance(y, tuple) else y).dtype.kind == "f"
        return wrapped(y, self._record(arrays, tuple(edges), y, keywords) if is_float else None)

    def _by_name(self, inputs: Any, keywords: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        """The inputs alone, and the keywords with those among them that came by position."""
        n = len(self.inputs)
        placed = dict(zip(self.placed, inputs[n:], strict=False))
        if len(inputs) > n + len(self.placed) or placed.keys() & keywords.keys():
            known = ", ".join([*self.inputs, *self.keywords])
            raise TypeError(f"{self} takes {known}, each once; got {len(inputs)} by position.")
        return inputs[:n], {**placed, **keywords}

    def _record(self, arrays: Any, edges: Any, y: Any, keywords: dict[str, Any]) -> Node:
        pattern = tuple(map(bool, edges))
        plan = self.plans.get(pattern) or self._plan(pattern)
        saved: list[Any] = []
        for kind, which in plan[0]:
            if kind == "input":
                saved.append(arrays[which])
            elif kind == "output":
                saved.append(y)
            elif kind == "shape":
                saved.append(_shape(arrays[which]))
            else:
                saved.append(keywords.get(which, self.keywords[which]))
        return Node(self, edges, (plan, saved), y)

    def _plan(self, pattern: tuple[bool, ...]) -> tuple[list[Any], list[Any]]:
        """For one pattern of inputs that require a gradient: what to save, and which rules to run.

        The rule of an input comes with the places of what it names; without a gradient it is None.
        """
        names: list[str] = []
        rules: list[Any] = [None] * len(self.inputs)
        for i, (name, needed) in enumerate(zip(self.inputs, pattern, strict=False)):
            if needed or self.variadic:
                if name not in self.rules:
                    problem = f"{self} has no derivative with respect to {name}"
                    raise InputError(f"{problem}. Pass {name}.detach() if none is wanted.")
                g, *wanted = inspect.signature(self.rules[name]).parameters or [""]
                if g != "g":
                    raise TypeError(f"{self}: the rule of {name} must begin with g; got {g!r}.")
                names += [n for n in wanted if n not in names]
                rules[i] = self.rules[name], list(map(names.index, wanted))
        plan = self.plans[pattern] = list(map(self._slot, names)), rules
        return plan

    def _slot(self, name: str) -> tuple[str, Any]:
        """Which thing of a call a rule names: ("input", 0), ("keyword", "axis") ..."""
        if name == "y":
            return "output", None
        if name in self.keywords:
            return "keyword", name
        source = name.removesuffix("_shape")
        if source not in self.inputs:
            raise TypeError(f"a rule of {self} asks for {name!r}, which is no input or keyword.")
        which = slice(None) if self.variadic else self.inputs.index(source)
        return "input" if name == source else "shape", which

    def gradients(self, node: Node, g: Any, needed: tuple[bool, ...], tensors: bool) -> Any:
        """The gradients of the inputs, from the gradient(s) of the output(s)."""
        (slots, rules), saved = node.saved
        if tensors:
            saved = [_lifted(x, node, *slot) for x, slot in zip(saved, slots, strict=True)]
        if self.variadic:
            return rules[0][0](g, *[saved[i] for i in rules[0][1]])
        return [
            rule[0](g, *[saved[i] for i in rule[1]]) if rule is not None and wanted else None
            for rule, wanted in zip(rules, needed, strict=False)
        ]

def _operand(x: Any, name: Any) -> Any:
    """x, if it may stand beside a tensor: an array or a number."""
    if isinstance(x, (np.generic, float, int)) or is_array(x):
        return x
    got = f"{type(x).__name__}. Use mb.tensor(x)"
    raise TypeError(f"{name} expected tensors, arrays or numbers; got {got}.")

def _summary(x: Any) -> str:
    if not is_array(x):
        return repr(x)[:40]
    return f"{x.dtype}{list(x.shape)}{'' if namespace(x) is np else ' on cuda'}"

def wrapped(y: Any, node: Node | None) -> Any:
    """The array(s) y as tensor(s), outputs of `node`."""
    if isinstance(y, tuple):
        return tuple([Tensor(a, None if node is None else (node, i)) for i, a in enumerate(y)])
    if isinstance(y, np.generic):  # NumPy returns a scalar where CuPy returns an array
        y = np.asarray(y)
    return Tensor(y, None if node is None else (node, 0))

def _shape(x: Any) -> Any:
    """The shape of an input, or those of all."""
    return list(map(_shape, x)) if isinstance(x, list) else getattr(x, "shape", ())

def _lifted(x: Any, node: Node, kind: str, which: Any) -> Any:
    """What a node saved, arrays as tensors with their history: for derivatives of the rule."""
    if kind == "output":
        return wrapped(x, node)
    if kind == "input" and isinstance(x, list):
        return list(map(Tensor, x, node.edges))
    return Tensor(x, node.edges[which]) if kind == "input" and is_array(x) else x

@overload
def primitive(function: Callable[..., Any], /) -> Primitive: ...
@overload
def primitive(*, broadcasts: bool) -> Callable[[Callable[..., Any]], Primitive]: ...
def primitive(function: Any = None, /, *, broadcasts: bool = False) -> Any:
    """Make a function of arrays a differentiable operation (decorator).

    With `broadcasts` the inputs may have shapes that NumPy broadcasts, and the engine sums each
    gradient back to its input's shape.

    >>> @primitive
    ... def cube(x, /): return x * x * x
    >>> cube.defvjp(x=lambda g, x: 3 * g * x * x)
    >>> mb.grad(cube)(mb.tensor(2.0))
    tensor(12.)
    """
    if function is None:
        return functools.partial(primitive, broadcasts=broadcasts)
    return Primitive(function, broadcasts, False)

def constant(function: Callable[..., Any]) -> Primitive:
    """Make a function of arrays an operation whose result has no derivative (decorator)."""
    return Primitive(function, False, True)

def composite(function: F) -> F:
    """Say in one sentence what is wrong if an ordinary function of tensors gets no tensor.

    >>> mb.mean([1.0, 2.0])
    Traceback (most recent call last):
    TypeError: mean expected tensors or arrays; got list. Use mb.tensor(x).
    """
    @functools.wraps(function)
    def called(*inputs: Any, **keywords: Any) -> Any:
        try:
            return function(*inputs, **keywords)
        except AttributeError:
            explain_types(function.__name__, inputs)
            raise

    return cast("F", called)

def explain_types(name: Any, inputs: Any) -> None:
    """Raise TypeError if one of the inputs is no tensor or array; later ones may be left out."""
    for i, x in enumerate(inputs):
        if not (isinstance(x, Tensor) or is_array(x) or (x is None and i)):
            got = type(x).__name__
            raise TypeError(f"{name} expected tensors or arrays; got {got}. Use mb.tensor(x).")

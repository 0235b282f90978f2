"""Primitives: functions of arrays, each with one derivative rule per input.

    @primitive
    def exp(x, /): return namespace(x).exp(x)
    exp.defvjp(x=lambda g, y: g * y)

A rule turns g, the gradient of the output, into the gradient of one input. It names what it needs,
and the node keeps just that: `y` the output, an input by its name, `<input>_shape`, or a keyword.
Rules use operators and methods only, so that one rule runs on arrays (first order, at the speed of
NumPy) and on tensors (any order). Where one computation serves all inputs, `op.vjp` takes a joint
rule that returns a gradient for each.

Called on arrays a primitive is just its function; called on tensors it is recorded.
"""

import functools
import inspect
from collections.abc import Callable
from types import MethodType
from typing import Any, NamedTuple, TypeVar, cast, overload

import numpy as np

from minibig.autograd.state import state
from minibig.autograd.tensor import Edge, Node, Tensor
from minibig.backend import InputError, is_array, namespace

F = TypeVar("F", bound=Callable[..., Any])

class _Plan(NamedTuple):
    """For one pattern of inputs that require a gradient: what to save, and which rules to run."""

    slots: tuple[tuple[str, Any], ...]  # what is saved: ("input", 0), ("shape", 1), ("output", "y")
    rules: tuple[tuple[Callable[..., Any], tuple[int, ...]] | None, ...]  # with the slots they take

class Primitive:
    """A function of arrays with its derivative rules; see the module's docstring."""

    opaque, fused = False, False

    def __init__(self, function: Callable[..., Any], broadcasts: bool, constant: bool):
        functools.update_wrapper(self, function)
        self.function, self.broadcasts, self.constant = function, broadcasts, constant
        kinds = {p.name: p.kind for p in inspect.signature(function).parameters.values()}
        defaults = {p.name: p.default for p in inspect.signature(function).parameters.values()}
        self.variadic = inspect.Parameter.VAR_POSITIONAL in kinds.values()
        self.inputs = [name for name, kind in kinds.items() if kind != kind.KEYWORD_ONLY]
        self.keywords = {n: default for n, default in defaults.items() if n not in self.inputs}
        self.rules: dict[str, Callable[..., Any]] = {}
        self.joint_rule: Callable[..., Any] | None = None
        self.plans: dict[tuple[bool, ...], _Plan] = {}

    def __repr__(self) -> str:
        return str(self.__name__)  # type: ignore[attr-defined]

    def computed_by(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Let another function of arrays compute the same (decorator): only the speed changes."""
        self.function = function
        return function

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else MethodType(self, instance)

    def defvjp(self, **rules: Callable[..., Any]) -> None:
        """State the derivative: for each input a rule that starts with g."""
        if unknown := set(rules) - set(self.inputs):
            raise TypeError(f"{self}: no inputs called {sorted(unknown)}; it has {self.inputs}.")
        self.rules.update(rules)

    def vjp(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """State the derivative for all inputs at once (decorator): a gradient or None for each."""
        self.joint_rule = rule
        return rule

    @overload
    def __call__(self, x: Tensor, /, *inputs: Any, **keywords: Any) -> Tensor: ...
    @overload
    def __call__(self, /, *inputs: Any, **keywords: Any) -> Any: ...
    def __call__(self, /, *inputs: Any, **keywords: Any) -> Any:
        arrays: list[Any] = []
        edges: list[Edge | None] = []
        tensors = False
        for x in inputs:
            if isinstance(x, Tensor):
                tensors = True
                arrays.append(x.data)
                edges.append(x.edge)
            else:
                arrays.append(x)
                edges.append(None)
        if not tensors:
            return self.function(*[x if isinstance(x, np.generic) else _operand(x) for x in inputs],
                                 **keywords)
        try:
            if None in edges:
                arrays = [_operand(x) for x in arrays]
            y = self.function(*arrays, **keywords)
        except (ValueError, TypeError, IndexError) as error:
            raise self._explained(error, arrays) from error
        if self.constant or not any(edges) or not state.recording or not _is_float(y):
            return wrapped(y, None)
        return wrapped(y, self._record(arrays, tuple(edges), y, keywords))

    def _record(self, arrays: Any, edges: Any, y: Any, keywords: dict[str, Any]) -> Node:
        pattern = tuple(map(bool, edges))
        plan = self.plans.get(pattern)
        if plan is None:
            plan = self.plans[pattern] = self._plan(pattern)
        values: list[Any] = []
        for kind, which in plan.slots:
            if kind == "input":
                values.append(arrays[which])
            elif kind == "output":
                values.append(y)
            elif kind == "shape":
                values.append(np.shape(arrays[which]))
            elif kind == "inputs":
                values.append(tuple(arrays))
            elif kind == "shapes":
                values.append(tuple([np.shape(x) for x in arrays]))
            else:
                values.append(keywords.get(which, self.keywords[which]))
        return Node(self, edges, (plan, values), y)

    def _plan(self, pattern: tuple[bool, ...]) -> _Plan:
        """What to save when just the inputs in `pattern` require a gradient."""
        slots: list[tuple[str, Any]] = []
        if self.joint_rule is not None:
            rules: list[Any] = [(self.joint_rule, self._slots_for(self.joint_rule, slots))]
        else:
            rules = [
                (rule := self._rule(name), self._slots_for(rule, slots)) if needed else None
                for name, needed in zip(self.inputs, pattern, strict=False)
            ]
        return _Plan(tuple(slots), tuple(rules))

    def _rule(self, name: str) -> Callable[..., Any]:
        if name not in self.rules:
            raise InputError(
                f"{self} has no derivative with respect to {name}. Pass {name}.detach() if none is "
                "wanted."
            )
        return self.rules[name]

    def _slots_for(self, rule: Callable[..., Any], slots: list[tuple[str, Any]]) -> tuple[int, ...]:
        """Where the rule's arguments after g (and needed) are saved; adds what is not there yet."""
        wanted = [n for n in inspect.signature(rule).parameters if n not in ("g", "needed")]
        for slot in map(self._slot, wanted):
            if slot not in slots:
                slots.append(slot)
        return tuple([slots.index(self._slot(name)) for name in wanted])

    def _slot(self, name: str) -> tuple[str, Any]:
        if name == "y":
            return ("output", "y")
        if name in self.inputs:
            return ("inputs", 0) if self.variadic else ("input", self.inputs.index(name))
        if name.endswith("_shape") and name[:-6] in self.inputs:
            return ("shapes", 0) if self.variadic else ("shape", self.inputs.index(name[:-6]))
        if name in self.keywords:
            return ("keyword", name)
        raise TypeError(f"a rule of {self} asks for {name!r}, which is no input and no keyword.")

    def gradients(self, node: Node, g: Any, needed: tuple[bool, ...], tensors: bool) -> Any:
        """The gradients of the inputs, from the gradient(s) of the output(s)."""
        plan, values = node.saved
        if tensors:
            values = _as_tensors(node, plan, values)
        if self.joint_rule is not None:
            rule, slots = plan.rules[0]
            return rule(g, needed, *[values[i] for i in slots])
        return [
            entry[0](g, *[values[i] for i in entry[1]]) if entry is not None and wanted else None
            for entry, wanted in zip(plan.rules, needed, strict=False)
        ]

    def _explained(self, error: Exception, arrays: list[Any]) -> Exception:
        """The same kind of error, with the operation and what it was given in the sentence."""
        if isinstance(error, InputError):
            return error
        kind = type(error) if type(error) in (TypeError, IndexError) else InputError
        return kind(f"{self} cannot take {', '.join(map(_summary, arrays))}: {error}")

def _operand(x: Any) -> Any:
    """x, if it may stand beside a tensor: an array or a Python number."""
    if isinstance(x, np.generic):  # its dtype would turn float32 into float64
        return x.item()
    if isinstance(x, float | int) or is_array(x):
        return x
    raise TypeError(
        f"expected tensors, arrays or numbers; got {type(x).__name__}. Use mb.tensor(x)."
    )

def _is_float(y: Any) -> bool:
    """Whether a result can have a derivative."""
    return (y[0] if isinstance(y, tuple) else y).dtype.kind == "f"

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

def _as_tensors(node: Node, plan: _Plan, saved: list[Any]) -> list[Any]:
    """The saved values, arrays as tensors with their history, for derivatives of the rule."""
    values: list[Any] = []
    for (kind, which), value in zip(plan.slots, saved, strict=True):
        if kind == "input" and is_array(value):
            values.append(Tensor(value, node.edges[which]))
        elif kind == "inputs":
            values.append(tuple(map(Tensor, value, node.edges)))
        elif kind == "output":
            values.append(wrapped(value, node))
        else:
            values.append(value)
    return values

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
            raise TypeError(
                f"{name} expected tensors or arrays; got {type(x).__name__}. Use mb.tensor(x)."
            )

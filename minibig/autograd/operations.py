"""Operations: what primitives, fusibles and checkpoints have in common, and kernels.

A kernel stands for an operation on one kind of device, from another file:

    @erf.kernel("cpu")
    def erf_by_table(x): ...

It works on arrays and may return NotImplemented for inputs that it was not written for; then, and
where kernels are off, the operation is computed by its definition. Whether kernels are on is asked
in one place, `Operation.kernel_for`.
"""

import functools
import inspect
from collections.abc import Callable, Sequence
from inspect import Parameter
from types import MethodType
from typing import Any, Self, TypeVar, cast

import numpy as np

from minibig.autograd.state import state
from minibig.autograd.tensors import Function, Node, Pattern, Tensor, as_tuple, kind_of
from minibig.backend import InputError, is_array
from minibig.backend.checks import refusal
from minibig.other_names import on_keyword

F = TypeVar("F", bound=Function)

registry: dict[str, "Operation"] = {}
"""Every fusible, and every primitive that has a kernel, by name."""


class Kernel:
    """A function of arrays that stands for an operation, and its backward part if it has one.

    `for_each(rows, **keywords)`, if it has one, does for several sets of inputs in one go what
    `forward` does for one, in place. It says whether it did: not for what it was not written for.
    """

    def __init__(self, forward: Function):
        functools.update_wrapper(self, forward)
        self.forward = forward
        self.backward: Function | None = None
        self.for_each: Function | None = None

    def __call__(self, /, *arrays: Any, **keywords: Any) -> Any:
        return self.forward(*arrays, **keywords)

    def vjp(self, backward: F) -> F:
        """State the backward part (decorator)."""
        self.backward = backward
        return backward


class Operation:
    """A differentiable operation: a name, inputs, keywords, kernels. It can also be a method.

    `broadcasts`: its gradients may have the shape of the result; the engine sums them back.
    `owns_gradients`: they lie in new memory, which may be written over, or in that of g.
    `has_hidden_inputs`: it may depend on tensors that are not among its inputs.

    `inputs` are the names of the parameters before `/`, `keywords` those of the others with their
    defaults, and `placed` are the keywords that may also be given by position.
    """

    __name__: str
    __qualname__: str
    broadcasts = False
    owns_gradients = False
    has_hidden_inputs = False

    def __init__(self, function: Function, name: str | None = None):
        functools.update_wrapper(cast("Any", self), function)
        parameters = inspect.signature(function).parameters.values()
        self.definition = function
        self.name = name or self.__name__
        self.variadic = any(p.kind == p.VAR_POSITIONAL for p in parameters)
        slash = any(p.kind == p.POSITIONAL_ONLY for p in parameters)
        placed = [p for p in parameters if slash and p.kind == p.POSITIONAL_OR_KEYWORD]
        keywords = placed + [p for p in parameters if p.kind == p.KEYWORD_ONLY]
        self.placed = [p.name for p in placed]
        self.keywords = {p.name: p.default for p in keywords}
        self.inputs = [p.name for p in parameters if p.name not in self.keywords]
        self.defaults = {p.name: p.default for p in parameters}
        self.kernels: dict[str, Kernel] = {}

    def __repr__(self) -> str:
        return self.name

    def __reduce__(self) -> str:
        return self.__qualname__  # pickled as a function is: by its name in its module

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else MethodType(self, instance)  # type: ignore[arg-type]

    def bound(self, inputs: Any, keywords: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        """All inputs and all keywords, given by position or by name or by default."""
        by_position = dict(zip([*self.inputs, *self.placed], inputs, strict=False))
        given = self.defaults | by_position | keywords
        known = ", ".join(self.defaults)
        if unknown := [name for name in keywords if name not in self.defaults]:
            no_such = on_keyword(f"keyword argument {unknown[0]!r}") or f"keyword {unknown[0]}."
            raise TypeError(f"{self} takes {known} and no more; it has no {no_such}")
        if len(by_position | keywords) < len(inputs) + len(keywords):
            raise TypeError(f"{self} takes {known}, each once; got {len(inputs)} by position.")
        if missing := [name for name, value in given.items() if value is Parameter.empty]:
            raise TypeError(f"{self} takes {known}; {missing[0]} is missing.")
        for name in by_position.keys() & self.keywords.keys():
            if isinstance(self.keywords[name], bool) and not isinstance(given[name], bool):
                advice = "Several axes are given as one tuple: axis=(0, 1)."
                raise refusal(f"{self}: {name}", "True or False", given[name], advice)
        return tuple([given[n] for n in self.inputs]), {n: given[n] for n in self.keywords}

    def register(self) -> Self:
        """Enter the operation in the registry, under its name, and return it.

        Raises:  InputError if another operation has that name.
        """
        if registry.setdefault(self.__name__, self) is not self:
            raise InputError(
                f"there is an operation called {self.__name__} already. Give the new one another "
                f"name, or remove the old one first: del registry[{self.__name__!r}]."
            )
        return self

    def kernel(self, *devices: str) -> Callable[[Function], Kernel]:
        """Let a function of arrays stand for this operation on these kinds of device (decorator).

        Raises:  InputError if there is a kernel for such a device already.
        """
        if taken := [device for device in devices if device in self.kernels]:
            raise InputError(
                f"{self} has a kernel for {taken[0]} already. Remove it first: "
                f"del {self}.kernels[{taken[0]!r}]."
            )

        def register_kernel(forward: Function) -> Kernel:
            kernel = Kernel(forward)
            self.kernels |= dict.fromkeys(devices, kernel)
            return kernel

        return register_kernel

    def kernel_for(self, first: Any) -> Kernel | None:
        """The kernel for the device of the first input; None if there is none or they are off."""
        if not (self.kernels and state.kernels):
            return None
        array = first.data if isinstance(first, Tensor) else first
        if isinstance(array, np.ndarray):
            return self.kernels.get("cpu")
        return self.kernels.get("cuda") if is_array(array) else None

    def needs_formula(self, tensors: bool) -> bool:
        """Whether the backward pass goes through `expand`; `tensors`: gradients carry history."""
        return False

    def gradients(self, node: Node, g: Any, needed: Pattern, owned: bool, last: bool) -> Any:
        """The gradient of each input, or None, from the gradient(s) g of the output(s).

        `needed` says which inputs want one, `owned` that g may be written over, all of it, and
        `last` that nothing that the node saved is read again.
        """
        raise NotImplementedError(f"{self} has no derivative")

    def expand(self, node: Node) -> Any:
        """The same result by the formula, recorded on the same inputs."""
        raise NotImplementedError(f"{self} has no formula")


def not_an_operand(name: Any, expected: str, x: Any) -> TypeError:
    """The error for what is no tensor."""
    return TypeError(f"{name} expected {expected}; got {type(x).__name__}. Use mb.tensor(x).")


def expect_tensors(name: Any, inputs: Sequence[Any]) -> None:
    """Raise TypeError if one of the inputs is no tensor or array; later ones may be None."""
    for i, x in enumerate(inputs):
        if not (isinstance(x, Tensor) or is_array(x) or (x is None and i)):
            raise not_an_operand(name, "tensors or arrays", x)


def expect_outputs(name: str, y: Any) -> tuple[Tensor, ...]:
    """The result y of a function as a tuple, if it is a tensor or a tuple of tensors."""
    if wrong := [output for output in as_tuple(y) if not isinstance(output, Tensor)]:
        raise InputError(
            f"{name} needs a function that returns a tensor or a tuple of tensors; "
            f"got {kind_of(wrong[0])}."
        )
    return as_tuple(y)


def expect_function(name: str, f: Any) -> None:
    """Raise InputError if f is no function."""
    if not callable(f):
        raise InputError(
            f"{name} needs a function of tensors; got {kind_of(f)}. Give it the function that "
            "computes the result, or call result.backward() and read x.grad."
        )


def composite(function: F) -> F:
    """Say in one sentence what is wrong if an ordinary function of tensors gets no tensor.

    >>> mb.outer([1.0, 2.0], [3.0])
    Traceback (most recent call last):
    TypeError: outer expected tensors or arrays; got list. Use mb.tensor(x).
    """

    @functools.wraps(function)
    def checked(*inputs: Any, **keywords: Any) -> Any:
        try:
            return function(*inputs, **keywords)
        except AttributeError:  # perhaps of a list or a number; asked only now, as in Fusible
            expect_tensors(function.__name__, inputs)
            raise
        except TypeError as error:
            if advice := on_keyword(error):
                raise TypeError(f"{function.__name__} has no {advice}") from None
            raise

    return cast("F", checked)

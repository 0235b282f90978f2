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
from types import MethodType
from typing import Any, TypeVar, cast

import numpy as np

from minibig.autograd.state import state
from minibig.autograd.tensors import Node, Tensor
from minibig.backend import InputError, is_array, namespace
from minibig.backend.checks import shown

F = TypeVar("F", bound=Callable[..., Any])

registry: dict[str, "Operation"] = {}
"""Every fusible, and every primitive that has a kernel, by name."""


def register(operation: "Operation") -> None:
    """Enter an operation in the registry, under its name.

    Raises:  InputError if another operation has that name.
    """
    name = operation.__name__
    if registry.setdefault(name, operation) is not operation:
        raise InputError(
            f"there is an operation called {name} already. Give the new one another name, or "
            f"remove the old one first: del registry[{name!r}]."
        )


class Kernel:
    """A function of arrays that stands for an operation, and its backward part if it has one."""

    def __init__(self, forward: Callable[..., Any]):
        functools.update_wrapper(self, forward)
        self.forward = forward
        self.backward: Callable[..., Any] | None = None

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
    broadcasts = False
    owns_gradients = False
    has_hidden_inputs = False

    def __init__(self, function: Callable[..., Any], name: str | None = None):
        functools.update_wrapper(cast("Any", self), function)
        parameters = inspect.signature(function).parameters.values()
        self.name = name or self.__name__
        self.variadic = any(p.kind == p.VAR_POSITIONAL for p in parameters)
        slash = any(p.kind == p.POSITIONAL_ONLY for p in parameters)
        placed = {p.name for p in parameters if slash and p.kind == p.POSITIONAL_OR_KEYWORD}
        keywords = {p.name for p in parameters if p.kind == p.KEYWORD_ONLY} | placed
        self.inputs = [p.name for p in parameters if p.name not in keywords]
        self.keywords = {p.name: p.default for p in parameters if p.name in keywords}
        self.placed = [p.name for p in parameters if p.name in placed]
        self.defaults = {p.name: p.default for p in parameters}
        self.kernels: dict[str, Kernel] = {}

    def __repr__(self) -> str:
        return self.name

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else MethodType(self, instance)  # type: ignore[arg-type]

    def kernel(self, *devices: str) -> Callable[[Callable[..., Any]], Kernel]:
        """Let a function of arrays stand for this operation on these kinds of device (decorator).

        Raises:  InputError if there is a kernel for such a device already.
        """
        if taken := [device for device in devices if device in self.kernels]:
            raise InputError(
                f"{self} has a kernel for {taken[0]} already. Remove it first: "
                f"del {self}.kernels[{taken[0]!r}]."
            )

        def register_kernel(forward: Callable[..., Any]) -> Kernel:
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

    def gradients(
        self, node: Node, g: Any, needed: tuple[bool, ...], *, owned: bool, last: bool
    ) -> Sequence[Any]:
        """The gradient of each input, or None, from the gradient(s) g of the output(s).

        `needed` says which inputs want one, `owned` that g may be written over, all of it, and
        `last` that nothing that the node saved is read again.
        """
        raise NotImplementedError(f"{self} has no derivative")

    def expand(self, node: Node) -> Any:
        """The same result by the formula, recorded on the same inputs."""
        raise NotImplementedError(f"{self} has no formula")


def wrapped(y: Any, node: Node | None) -> Any:
    """The array(s) y as tensor(s), outputs of `node`."""
    if isinstance(y, tuple):
        return tuple([Tensor(a, None if node is None else (node, i)) for i, a in enumerate(y)])
    if type(y) is not np.ndarray and isinstance(y, np.generic):
        y = np.asarray(y)  # NumPy returns a scalar where CuPy returns an array
    return Tensor(y, None if node is None else (node, 0))


def expect_tensors(name: Any, inputs: Sequence[Any]) -> None:
    """Raise TypeError if one of the inputs is no tensor or array; later ones may be None."""
    for i, x in enumerate(inputs):
        if not (isinstance(x, Tensor) or is_array(x) or (x is None and i)):
            raise TypeError(
                f"{name} expected tensors or arrays; got {type(x).__name__}. Use mb.tensor(x)."
            )


def expect_function(name: str, f: Any) -> None:
    """Raise InputError if f is no function."""
    if not callable(f):
        raise InputError(
            f"{name} needs a function of tensors; got {_kind(f)}. Give it the function that "
            "computes the result, or call result.backward() and read x.grad."
        )


def _kind(x: Any) -> str:
    return "a tensor" if isinstance(x, Tensor) else type(x).__name__


def summary(x: Any) -> str:
    """An input as an error sentence shows it: float32[2, 3] for an array."""
    if not is_array(x):
        return shown(x)
    return f"{x.dtype}{list(x.shape)}{'' if namespace(x) is np else ' on cuda'}"

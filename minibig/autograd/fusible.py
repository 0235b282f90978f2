"""Fusibles: formulas that have a name in a paper, and that a kernel may compute in one go.

    @fusible
    def attention(q, k, v, /, bias=None, *, causal=False, scale=None): ...   # the formula

    @attention.kernel("cpu")                                                 # in another file
    def forward(q, k, v, bias, *, keep, causal, scale): ...    # -> outputs, residuals
    @forward.vjp
    def backward(g, residuals, *, needed, owned, last, causal, scale): ...   # -> a gradient each

The formula is the definition: an ordinary function of tensors. A kernel works on arrays. Its
forward part returns the outputs and whatever its backward part wants to find again (`keep` says
whether there will be one); it may return NotImplemented for inputs it was not written for. The
backward part returns a gradient for every input that is `needed`, in memory that nothing else
holds; it may use g for that if g is `owned`, and its own residuals on their `last` use.

A derivative of the backward part goes through the formula: see `backward.py`.
"""

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from minibig.autograd.primitive import Operation, explain_types, wrapped
from minibig.autograd.state import state
from minibig.autograd.tensor import Edge, Node, Tensor

registry: dict[str, "Fusible"] = {}

class Kernel:
    """A forward and a backward part on arrays that stand for a formula."""

    def __init__(self, forward: Callable[..., Any]):
        self.forward = forward
        self.backward: Callable[..., Any] | None = None

    def vjp(self, backward: Callable[..., Any]) -> Callable[..., Any]:
        """State the backward part (decorator)."""
        self.backward = backward
        return backward

class Fusible(Operation):
    """A formula, and the kernels that may stand for it; see the module's docstring."""

    fused = True

    def __init__(self, formula: Callable[..., Any]):
        super().__init__(formula)
        self.formula = formula
        parameters = inspect.signature(formula).parameters.values()
        optional = [p for p in parameters if p.name in self.inputs and p.default is not p.empty]
        self.optional = {p.name: p.default for p in optional}
        self.kernels: dict[str, Kernel] = {}
        self.checks: list[Callable[..., None]] = []
        registry[formula.__name__] = self

    def kernel(self, device: str) -> Callable[[Callable[..., Any]], Kernel]:
        """Register the forward part of a kernel for a kind of device (decorator)."""

        def register(forward: Callable[..., Any]) -> Kernel:
            self.kernels[device] = Kernel(forward)
            return self.kernels[device]

        return register

    def check(self, function: Callable[..., None]) -> Callable[..., None]:
        """State what the inputs must look like (decorator): called before formula or kernel."""
        self.checks.append(function)
        return function

    def __call__(self, /, *inputs: Any, **keywords: Any) -> Any:
        inputs, settings = self._bound(inputs, keywords)
        try:
            for check in self.checks:
                check(*inputs, **settings)
            if state.kernels and self.kernels:
                result = self._fused(inputs, settings)
                if result is not NotImplemented:
                    return result
            return self.formula(*inputs, **settings)
        except AttributeError:
            explain_types(self, inputs)
            raise

    def _bound(self, inputs: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        """All inputs in their order, and all keywords, with the defaults filled in."""
        for name in self.inputs[len(inputs) :]:
            if name not in keywords and name not in self.optional:
                raise TypeError(
                    f"{self} needs the inputs {', '.join(self.inputs)}; {name} is missing."
                )
            inputs += (keywords.pop(name) if name in keywords else self.optional[name],)
        settings = {**self.keywords, **keywords}
        if missing := [n for n, x in settings.items() if x is inspect.Parameter.empty]:
            raise TypeError(f"{self}: the keyword {missing[0]} is missing.")
        if len(settings) > len(self.keywords) or len(inputs) > len(self.inputs):
            raise TypeError(
                f"{self} takes {', '.join([*self.inputs, *self.keywords])} and no more."
            )
        return inputs, settings

    def _fused(self, inputs: tuple[Any, ...], settings: dict[str, Any]) -> Any:
        """The kernel's result, recorded as one node; NotImplemented if there is no kernel."""
        arrays: list[Any] = []
        edges: list[Edge | None] = []
        for x in inputs:
            if isinstance(x, Tensor):
                arrays.append(x.data)
                edges.append(x.edge)
            elif x is None:
                arrays.append(None)
                edges.append(None)
            else:
                return NotImplemented
        kernel = self.kernels.get("cpu" if isinstance(arrays[0], np.ndarray) else "cuda")
        if kernel is None:
            return NotImplemented
        keep = state.recording and any(edges)
        result = kernel.forward(*arrays, keep=keep, **settings)
        if result is NotImplemented:
            return NotImplemented
        outputs, residuals = result
        if not keep:
            return wrapped(outputs, None)
        saved = (kernel, arrays, residuals, settings)
        return wrapped(outputs, Node(self, tuple(edges), saved, outputs))

    def gradients(
        self, node: Node, g: Any, needed: tuple[bool, ...], owned: bool, last: bool
    ) -> Any:
        """The gradients of the inputs by the kernel's backward part, on arrays."""
        kernel, _, residuals, settings = node.saved
        return kernel.backward(g, residuals, needed=needed, owned=owned, last=last, **settings)

    def expand(self, node: Node) -> Any:
        """The same result by the formula, recorded on the same inputs: for higher derivatives."""
        _, arrays, _, settings = node.saved
        inputs = [
            None if a is None else Tensor(a, e) for a, e in zip(arrays, node.edges, strict=True)
        ]
        return self.formula(*inputs, **settings)

def fusible(formula: Callable[..., Any]) -> Fusible:
    """Make a formula one that a kernel may replace (decorator).

    >>> @fusible
    ... def double(x, /): return x + x
    >>> double, double.inputs
    (double, ['x'])
    """
    return Fusible(formula)

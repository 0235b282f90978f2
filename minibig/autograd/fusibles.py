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

A derivative of the backward part goes through the formula: see `backward_pass.py`.
"""

from collections.abc import Callable
from inspect import Parameter
from typing import Any

import numpy as np

from minibig.autograd.primitives import Operation, explain_types, wrapped
from minibig.autograd.state import state
from minibig.autograd.tensors import Node, Tensor

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
    """A formula, and the kernels that may stand for it (decorator); see the module's docstring.

    >>> @fusible
    ... def double(x, /): return x + x
    >>> double, double.inputs
    (double, ['x'])
    """

    fused = True

    def __init__(self, formula: Callable[..., Any]):
        super().__init__(formula)
        self.formula = formula
        self.kernels: dict[str, Kernel] = {}
        self.checks: list[Callable[..., Any]] = []
        registry[formula.__name__] = self

    def kernel(self, device: str) -> Callable[[Callable[..., Any]], Kernel]:
        """Register the forward part of a kernel for a kind of device (decorator)."""

        def register(forward: Callable[..., Any]) -> Kernel:
            self.kernels[device] = Kernel(forward)
            return self.kernels[device]

        return register

    def check(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """State what the inputs must look like (decorator): called before formula or kernel."""
        self.checks.append(function)
        return function

    def __call__(self, /, *inputs: Any, **keywords: Any) -> Any:
        inputs, settings = self._bound(inputs, keywords)
        try:
            for check in self.checks:
                check(*inputs, **settings)
            kernels = state.kernels and self.kernels
            result = self._fused(inputs, settings) if kernels else NotImplemented
            return self.formula(*inputs, **settings) if result is NotImplemented else result
        except AttributeError:
            explain_types(self, inputs)
            raise

    def _bound(self, inputs: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        """All inputs in their order, and all keywords, with the defaults filled in."""
        rest = self.inputs[len(inputs) :]
        more = {name: keywords.pop(name, self.defaults[name]) for name in rest}
        settings = {**self.keywords, **keywords}
        missing = [n for n, x in {**more, **settings}.items() if x is Parameter.empty]
        if missing or len(settings) > len(self.keywords) or len(inputs) > len(self.inputs):
            problem = f"; {missing[0]} is missing" if missing else " and no more"
            raise TypeError(f"{self} takes {', '.join([*self.inputs, *self.keywords])}{problem}.")
        return (*inputs, *more.values()), settings

    def _fused(self, inputs: tuple[Any, ...], settings: dict[str, Any]) -> Any:
        """The kernel's result, recorded as one node; NotImplemented if there is no kernel."""
        arrays: list[Any] = []
        edges: list[Any] = []
        for x in inputs:
            if x is not None and not isinstance(x, Tensor):
                return NotImplemented
            arrays.append(None if x is None else x.data)
            edges.append(None if x is None else x.edge)
        kernel = self.kernels.get("cpu" if isinstance(arrays[0], np.ndarray) else "cuda")
        keep = state.recording and any(edges)
        result = kernel.forward(*arrays, keep=keep, **settings) if kernel else NotImplemented
        if result is NotImplemented:
            return NotImplemented
        outputs, residuals = result
        saved = (kernel, arrays, residuals, settings)
        return wrapped(outputs, Node(self, tuple(edges), saved, outputs) if keep else None)

    def gradients(self, node: Node, g: Any, needed: Any, owned: bool, last: bool) -> Any:
        """The gradients of the inputs by the kernel's backward part, on arrays."""
        kernel, _, residuals, settings = node.saved
        return kernel.backward(g, residuals, needed=needed, owned=owned, last=last, **settings)

    def expand(self, node: Node) -> Any:
        """The same result by the formula, recorded on the same inputs: for higher derivatives."""
        _, arrays, _, settings = node.saved
        pairs = zip(arrays, node.edges, strict=True)
        return self.formula(*[None if a is None else Tensor(a, e) for a, e in pairs], **settings)

fusible = Fusible

"""Fusibles: formulas that have a name in a paper, and that a kernel may compute in one go.

    @fusible
    def attention(q, k, v, /, bias=None, *, causal=False, scale=None): ...   # the formula

    @attention.kernel("cpu")                                                 # in another file
    def forward(q, k, v, bias, *, keep, causal, scale): ...    # -> outputs, residuals
    @forward.vjp
    def backward(g, residuals, *, needed, owned, last, causal, scale): ...   # -> a gradient each

The formula is the definition: an ordinary function of tensors. A kernel works on arrays. Its
forward part returns the outputs and whatever its backward part wants to find again (`keep` says
whether there will be one). The backward part returns a gradient for every input that is `needed`,
in new memory or in that of g. It may write into g if g is `owned`, and into its own residuals, or
return them, on their `last` use. With several outputs g is a tuple, zeros for an output that was
not used, and `owned` speaks for all of them.

A derivative of the backward part goes through the formula: see `backward_pass.py`.
"""

import functools
from collections.abc import Callable, Sequence
from inspect import Parameter
from typing import Any, overload

from minibig.autograd.operations import Kernel, Operation, expect_tensors, register, wrapped
from minibig.autograd.state import state
from minibig.autograd.tensors import Edge, Node, Tensor


class Fusible(Operation):
    """A formula, and the kernels that may stand for it; see the module's docstring.

    >>> double = Fusible(lambda x, /: x + x)
    >>> double.inputs, double(mb.tensor([1.0, 2.0]))
    (['x'], tensor([2., 4.]))
    """

    owns_gradients = True

    def __init__(self, formula: Callable[..., Any], name: str | None = None):
        super().__init__(formula, name)
        self.formula = formula
        self.checks: list[Callable[..., Any]] = []

    def check(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """State what the inputs must look like (decorator): called before formula or kernel."""
        self.checks.append(function)
        return function

    def __call__(self, /, *inputs: Any, **keywords: Any) -> Any:
        if len(inputs) != len(self.inputs) or keywords.keys() != self.keywords.keys():
            inputs, keywords = self._completed(inputs, keywords)
        try:
            for check in self.checks:
                check(*inputs, **keywords)
            kernel = self.kernel_for(inputs[0])
            result = NotImplemented if kernel is None else self._fused(kernel, inputs, keywords)
            return self.formula(*inputs, **keywords) if result is NotImplemented else result
        except AttributeError:
            expect_tensors(self, inputs)
            raise

    def _completed(self, inputs: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        """All inputs in their order, and all keywords, with the defaults filled in."""
        rest = self.inputs[len(inputs) :]
        more = {name: keywords.pop(name, self.defaults[name]) for name in rest}
        settings = {**self.keywords, **keywords}
        known = ", ".join([*self.inputs, *self.keywords])
        if missing := [n for n, x in {**more, **settings}.items() if x is Parameter.empty]:
            raise TypeError(f"{self} takes {known}; {missing[0]} is missing.")
        if len(settings) > len(self.keywords) or len(inputs) > len(self.inputs):
            raise TypeError(f"{self} takes {known} and no more.")
        return (*inputs, *more.values()), settings

    def _fused(self, kernel: Kernel, inputs: tuple[Any, ...], settings: dict[str, Any]) -> Any:
        """The kernel's result, recorded as one node; NotImplemented if it does not take these."""
        arrays: list[Any] = []
        edges: list[Edge | None] = []
        for x in inputs:
            if x is not None and not isinstance(x, Tensor):
                return NotImplemented
            arrays.append(None if x is None else x.data)
            edges.append(None if x is None else x.edge)
        keep = state.recording and any(edges)
        result = kernel.forward(*arrays, keep=keep, **settings)
        if result is NotImplemented:
            return NotImplemented
        outputs, residuals = result
        if not keep:
            return wrapped(outputs, None)
        saved = kernel, arrays, residuals, settings
        return wrapped(outputs, Node(self, tuple(edges), saved, outputs))

    def needs_formula(self, tensors: bool) -> bool:
        return tensors

    def gradients(
        self, node: Node, g: Any, needed: tuple[bool, ...], *, owned: bool, last: bool
    ) -> Sequence[Any]:
        kernel, _, residuals, settings = node.saved
        results: Sequence[Any] = kernel.backward(
            g, residuals, needed=needed, owned=owned, last=last, **settings
        )
        return results

    def expand(self, node: Node) -> Any:
        _, arrays, _, settings = node.saved
        inputs = [
            None if array is None else Tensor(array, edge)
            for array, edge in zip(arrays, node.edges, strict=True)
        ]
        return self.formula(*inputs, **settings)


@overload
def fusible(formula: Callable[..., Any], /) -> Fusible: ...
@overload
def fusible(*, name: str) -> Callable[[Callable[..., Any]], Fusible]: ...
def fusible(formula: Any = None, /, *, name: str | None = None) -> Any:
    """Make a formula an operation that kernels may stand for, entered in `registry` (decorator).

    Raises:  InputError if there is an operation of that name already.
    """
    if formula is None:
        return functools.partial(_registered, name=name)
    return _registered(formula)


def _registered(formula: Callable[..., Any], name: str | None = None) -> Fusible:
    operation = Fusible(formula, name)
    register(operation)
    return operation

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

from typing import Any

from minibig.autograd.operations import Kernel, Operation, expect_tensors
from minibig.autograd.state import state
from minibig.autograd.tensors import Function, Node, Pattern, Tensor, arrays_and_edges, wrapped


class Fusible(Operation):
    """A formula, and the kernels that may stand for it; see the module's docstring.

    >>> double = Fusible(lambda x, /: x + x)
    >>> double.inputs, double(mb.tensor([1.0, 2.0]))
    (['x'], tensor([2., 4.]))
    """

    owns_gradients = True

    def __init__(self, formula: Function, name: str | None = None):
        super().__init__(formula, name)
        self.checks: list[Function] = []

    def check(self, function: Function) -> Function:
        """State what the inputs must look like (decorator): called before formula or kernel."""
        self.checks.append(function)
        return function

    def __call__(self, /, *inputs: Any, **keywords: Any) -> Any:
        if len(inputs) != len(self.inputs) or keywords.keys() != self.keywords.keys():
            inputs, keywords = self.bound(inputs, keywords)
        try:
            for check in self.checks:
                check(*inputs, **keywords)
            kernel = self.kernel_for(inputs[0])
            result = NotImplemented if kernel is None else self._fused(kernel, inputs, keywords)
            return self.definition(*inputs, **keywords) if result is NotImplemented else result
        except AttributeError:  # perhaps of a list or a number, which has no shape; asked only now,
            expect_tensors(self, inputs)  # so that right calls do not pay for it
            raise

    def _fused(self, kernel: Kernel, inputs: tuple[Any, ...], settings: dict[str, Any]) -> Any:
        """The kernel's result, recorded as one node; NotImplemented if it does not take these."""
        if not all([x is None or isinstance(x, Tensor) for x in inputs]):
            return NotImplemented
        arrays, edges = arrays_and_edges(inputs)
        keep = state.recording and any(edges)
        result = kernel.forward(*arrays, keep=keep, **settings)
        if result is NotImplemented:
            return NotImplemented
        outputs, residuals = result
        saved = kernel, arrays, residuals, settings
        return wrapped(outputs, Node(self, edges, saved, outputs) if keep else None)

    def needs_formula(self, tensors: bool) -> bool:
        return tensors

    def gradients(self, node: Node, g: Any, needed: Pattern, owned: bool, last: bool) -> Any:
        kernel, _, residuals, settings = node.saved
        return kernel.backward(g, residuals, needed=needed, owned=owned, last=last, **settings)

    def expand(self, node: Node) -> Any:
        _, arrays, _, settings = node.saved
        return self.definition(*node.inputs(arrays), **settings)


def fusible(formula: Function, /, *, name: str | None = None) -> Fusible:
    """Make a formula an operation that kernels may stand for, entered in `registry` (decorator).

    `name` is what errors call it, as for a `primitive`.

    Raises:  InputError if there is an operation of that name already.
    """
    return Fusible(formula, name).register()

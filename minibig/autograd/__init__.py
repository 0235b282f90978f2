"""Tensors, the graph behind them, and derivatives of any order.

Read in this order: state, tensor_methods, tensors, operations, primitives, fusibles, structure,
backward_pass, tracing, functional, checkpoints, gradient_check.
"""

from minibig.autograd.backward_pass import backward
from minibig.autograd.checkpoints import checkpoint
from minibig.autograd.functional import grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp
from minibig.autograd.fusibles import Fusible, fusible
from minibig.autograd.gradient_check import check_gradients
from minibig.autograd.operations import Operation, composite, expect_tensors, registry
from minibig.autograd.primitives import Primitive, constant, primitive
from minibig.autograd.state import enable_grad, no_grad, reference
from minibig.autograd.structure import add, alias, broadcast_to, reshape, sum_to
from minibig.autograd.tensors import Leaf, Tensor, as_tuple, next_order, read_only, tensor
from minibig.autograd.tracing import trace

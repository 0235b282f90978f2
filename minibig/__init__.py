# fmt: off
"""minibig: a deep-learning engine written to be read, from the tensor to the large model.

This is the table of contents: every public name, by layer, in the order in which to read them.
Letters of shapes, everywhere: B batch, T target length, S source length, D width, H heads, K head
size, F feed-forward width, V vocabulary, L layers. For those who know PyTorch there is a table,
`tutorials/pytorch_to_minibig.md`.

>>> import minibig as mb
>>> x = mb.tensor([1.0, 2.0], requires_grad=True)
>>> (x * x).sum().backward()
>>> x.grad
tensor([2., 4.])
"""

from importlib import import_module as _import_module
from importlib.util import find_spec as _find_spec
from typing import TYPE_CHECKING, Any

from minibig.required import numpy as _numpy

from minibig.autograd import (
    Tensor, add, broadcast_to, check_gradients, checkpoint, enable_grad, grad, hessian, hvp,
    jacobian, jvp, no_grad, primitive, reference, reshape, tensor, value_and_grad, vjp,
)
from minibig.backend import Device, InputError, device, manual_seed
from minibig.ops import (
    abs, adafactor_update, adam_update, adamw_update, all, allclose, any, arange, arccos,
    arccosh, arcsin, arcsinh, arctan, arctan2, arctanh, argmax, argmin, argsort, astype,
    attention, attention_weights, binary_cross_entropy_with_logits, causal_mask, ceil, clip,
    clone, concatenate, cos, cosh, cross_entropy, cummax, cummin, cumprod, cumsum, diag,
    diagonal, div, dropout, einsum, elu, embedding, equal, erf, exp, expand_dims, expm1, eye,
    feed_forward, flatten, flip, floor, floor_divide, full, full_like, gather, gelu, gelu_tanh,
    greater, greater_equal, isclose, isfinite, isinf, isnan, layer_norm, leaky_relu, less,
    less_equal, linear, linspace, log, log1p, log_softmax, logical_and, logical_not, logical_or,
    logsumexp, matmul, max, maximum, mean, mean_squared_error, min, minimum, mul, muon_update,
    neg, nonzero, norm, normal, normal_cdf, not_equal, one_hot, ones, ones_like, orthogonalized,
    outer, pad, pow, prod, ravel, relu, remainder, repeat, rms_norm, roll, round, scatter,
    scatter_add, sgd_update, sigmoid, sign, silu, sin, sinh, soft_cross_entropy, softmax,
    softplus, sort, split, sqrt, squeeze, stack, std, sub, sum, swapaxes, take, tan, tanh, tile,
    top_k, transpose, tril, triu, trunc, uniform, var, where, zeros, zeros_like,
)

from minibig.other_names import refuse_set_item as _refuse_set_item
from minibig.other_names import unknown_function as _unknown_function
from minibig.other_names import unknown_method as _unknown_method

Tensor.__getattr__ = _unknown_method  # type: ignore[attr-defined]
Tensor.__setitem__ = _refuse_set_item  # type: ignore[index]

# The one place that asks for kernels: without their folder only the speed changes.
kernels: Any = _import_module("minibig.kernels") if _find_spec("minibig.kernels") else None

if TYPE_CHECKING:
    from minibig import (
        data, diagnosis, dialogue, evaluation, explanation, generation, models, nn, objectives,
        optim, pictures, recipes, storage, tokenizers, training,
    )
    from minibig.generation import generate
    from minibig.storage import load, save

float16, float32, float64 = map(_numpy.dtype, ("float16", "float32", "float64"))
int32, int64, bool_ = map(_numpy.dtype, ("int32", "int64", "bool"))

__version__ = "0.1.0"

__all__ = [
    # backend: arrays and devices
    "Device", "InputError", "bool_", "device", "float16", "float32", "float64", "int32", "int64",
    "manual_seed",
    # autograd: tensors and derivatives of any order
    "Tensor", "check_gradients", "checkpoint", "enable_grad", "grad", "hessian", "hvp",
    "jacobian", "jvp", "no_grad", "primitive", "reference", "tensor", "value_and_grad", "vjp",
    # ops: new tensors
    "arange", "eye", "full", "full_like", "linspace", "normal", "ones", "ones_like", "uniform",
    "zeros", "zeros_like",
    # ops: arithmetic and functions of one variable
    "abs", "add", "allclose", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctan2",
    "arctanh", "astype", "ceil", "clip", "clone", "cos", "cosh", "div", "elu", "equal", "erf",
    "exp", "expm1", "floor", "floor_divide", "gelu", "gelu_tanh", "greater", "greater_equal",
    "isclose", "isfinite", "isinf", "isnan", "leaky_relu", "less", "less_equal", "log", "log1p",
    "logical_and", "logical_not", "logical_or", "maximum", "minimum", "mul", "neg",
    "normal_cdf", "not_equal", "pow", "relu", "remainder", "round", "sigmoid", "sign", "silu",
    "sin", "sinh", "softplus", "sqrt", "sub", "tan", "tanh", "trunc", "where",
    # ops: reductions, shapes, places
    "all", "any", "argmax", "argmin", "argsort", "broadcast_to", "concatenate", "cummax",
    "cummin", "cumprod", "cumsum", "diag", "diagonal", "embedding", "expand_dims", "flatten",
    "flip", "gather", "logsumexp", "max", "mean", "min", "nonzero", "norm", "one_hot", "pad",
    "prod", "ravel", "repeat", "reshape", "roll", "scatter", "scatter_add", "sort", "split",
    "squeeze", "stack", "std", "sum", "swapaxes", "take", "tile", "top_k", "transpose", "tril",
    "triu", "var",
    # ops: what models are made of
    "attention", "attention_weights", "binary_cross_entropy_with_logits", "causal_mask",
    "cross_entropy", "dropout", "einsum", "feed_forward", "layer_norm", "linear", "log_softmax",
    "matmul", "mean_squared_error", "outer", "rms_norm", "soft_cross_entropy", "softmax",
    # ops: parameter updates
    "adafactor_update", "adam_update", "adamw_update", "muon_update", "orthogonalized",
    "sgd_update",
    # the same results, sooner: compiled kernels of some operations, or None without their folder
    "kernels",
    # packages, in the order of reading, and their best-known functions; imported when first used
    "nn", "optim", "tokenizers", "models", "generation", "generate", "data", "objectives",
    "evaluation", "pictures", "storage", "load", "save", "training", "dialogue", "explanation",
    "diagnosis", "recipes",
]

_HOME = {"generate": "generation", "load": "storage", "save": "storage"}


def __getattr__(name: str) -> Any:
    """Import a package of the second half when it is first asked for: so `import` stays fast."""
    if name not in __all__:
        raise _unknown_function(name, __all__)
    package = _import_module(f"minibig.{_HOME.get(name, name)}")
    value = getattr(package, name) if name in _HOME else package
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])

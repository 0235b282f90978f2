"""Every formula with its derivative.

Read in this order: elementwise, arithmetic, reductions, shapes, indexing, products, softmax,
normalization, attention, losses, dropout, updates; creation makes new tensors, and methods is the
table that gives Tensor its operators.
"""

from minibig.ops import methods as methods
from minibig.ops.arithmetic import (
    div, equal, greater, greater_equal, less, less_equal, logical_and, logical_not, logical_or,
    maximum, minimum, mul, neg, not_equal, pow, sub, where,
)
from minibig.ops.attention import attention, attention_weights, causal_mask
from minibig.ops.creation import arange, full, normal, ones, uniform, zeros
from minibig.ops.dropout import dropout
from minibig.ops.elementwise import abs_ as abs
from minibig.ops.elementwise import (
    astype, erf, exp, gelu, gelu_tanh, log, normal_cdf, relu, sigmoid, sign, silu, softplus, sqrt,
    tanh,
)
from minibig.ops.indexing import checked_ids, embedding, getitem, scatter_add, take
from minibig.ops.losses import binary_cross_entropy_with_logits, cross_entropy, mean_squared_error
from minibig.ops.normalization import layer_norm, rms_norm
from minibig.ops.products import feed_forward, linear, matmul
from minibig.ops.reductions import argmax, isfinite, logsumexp, max, mean, min, sum, var
from minibig.ops.shapes import concatenate, expand_dims, split, squeeze, stack, swapaxes, transpose
from minibig.ops.softmax import log_softmax, softmax
from minibig.ops.updates import adam_update, adamw_update, sgd_update

__all__ = [
    "abs", "adam_update", "adamw_update", "arange", "argmax", "astype", "attention",
    "attention_weights", "binary_cross_entropy_with_logits", "causal_mask", "checked_ids",
    "concatenate", "cross_entropy", "div", "dropout", "embedding", "equal", "erf", "exp",
    "expand_dims", "feed_forward", "full", "gelu", "gelu_tanh", "getitem", "greater",
    "greater_equal", "isfinite", "layer_norm", "less", "less_equal", "linear", "log", "log_softmax",
    "logical_and", "logical_not", "logical_or", "logsumexp", "matmul", "max", "maximum", "mean",
    "mean_squared_error", "min", "minimum", "mul", "neg", "normal", "normal_cdf", "not_equal",
    "ones", "pow", "relu", "rms_norm", "scatter_add", "sgd_update", "sigmoid", "sign", "silu",
    "softmax", "softplus", "split", "sqrt", "squeeze", "stack", "sub", "sum", "swapaxes", "take",
    "tanh", "transpose", "uniform", "var", "where", "zeros",
]

"""Every formula with its derivative.

Read in this order: operands, elementwise, arithmetic, shapes, reductions, logic, indexing, sorting,
cumulative, padding, products, einstein_sums, softmaxes, normalization,
scaled_dot_product_attention, losses, dropout_masks, updates; creation makes new tensors, and
methods is the table that gives Tensor its operators and methods.
"""

from minibig.ops import methods as methods
from minibig.ops.arithmetic import (
    arctan2, ceil, clip, div, floor, floor_divide, maximum, minimum, mul, neg, pow, remainder,
    round, sub, trunc, where,
)
from minibig.ops.scaled_dot_product_attention import attention, attention_weights, causal_mask
from minibig.ops.creation import (
    arange, eye, full, full_like, linspace, normal, ones, ones_like, uniform, zeros, zeros_like,
)
from minibig.ops.cumulative import cummax, cummin, cumprod
from minibig.ops.dropout_masks import dropout
from minibig.ops.einstein_sums import einsum
from minibig.ops.elementwise import (
    abs, arccos, arccosh, arcsin, arcsinh, arctan, arctanh, astype, clone, cos, cosh, elu, erf, exp,
    expm1, gelu, gelu_tanh, leaky_relu, log, log1p, normal_cdf, relu, sigmoid, sign, silu, sin,
    sinh, softplus, sqrt, tan, tanh,
)
from minibig.ops.indexing import (
    checked_ids, diag, diagonal, embedding, gather, getitem, one_hot, scatter, scatter_add, take,
)
from minibig.ops.logic import (
    allclose, equal, greater, greater_equal, isclose, isfinite, isinf, isnan, less, less_equal,
    logical_and, logical_not, logical_or, not_equal,
)
from minibig.ops.losses import (
    binary_cross_entropy_with_logits, cross_entropy, mean_squared_error, soft_cross_entropy,
)
from minibig.ops.normalization import layer_norm, rms_norm
from minibig.ops.padding import pad, repeat
from minibig.ops.products import feed_forward, linear, matmul, outer
from minibig.ops.reductions import (
    all, any, argmax, argmin, cumsum, logsumexp, max, mean, min, norm, prod, std, sum, var,
)
from minibig.ops.shapes import (
    concatenate, expand_dims, flatten, flip, ravel, roll, split, squeeze, stack, swapaxes, tile,
    transpose, tril, triu,
)
from minibig.ops.softmaxes import log_softmax, softmax
from minibig.ops.sorting import argsort, nonzero, sort, top_k
from minibig.ops.updates import (
    adafactor_update, adam_update, adamw_update, muon_update, orthogonalized, sgd_update,
)
